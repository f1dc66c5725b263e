package camsotel_test

import (
	"context"
	"fmt"
	"log"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camsotel"
	"github.com/cams-go/cams/camstest"
)

// A call and its attempts, as OpenTelemetry's SDK gets them. A program that sets the
// global providers needs no options.
func ExampleNew() {
	exporter := tracetest.NewInMemoryExporter() // otlptracegrpc.New(ctx) in a program of yours
	tracers := sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporter))
	observer := camsotel.New(camsotel.WithTracerProvider(tracers))

	server := camstest.NewServer() // instead of the service
	server.AddGroup(camstest.Group{BusinessNumber: "8613800138000", CustSpaceID: "cams-k001", GroupID: "EA939"})
	server.AnswerOnce(camstest.Refusal(400, "SignatureNonceUsed", "something on the way sent it twice"))
	client, err := server.NewClient(cams.WithObserver(observer)) // cams.NewClient in a program of yours
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.ListChatGroupParticipants(context.Background(), &cams.ListChatGroupParticipantsRequest{
		BusinessNumber: "8613800138000", CustSpaceID: "cams-k001", GroupID: "EA939",
	})
	if err != nil {
		log.Fatal(err)
	}

	for _, span := range exporter.GetSpans() {
		fmt.Println(span.Name)
		for _, event := range span.Events {
			for _, attr := range event.Attributes {
				if attr.Key == "rpc.status_code" {
					fmt.Println("-", event.Name, attr.Value.AsString())
				}
			}
		}
	}
	// Output:
	// cams/ListChatGroupParticipants
	// - cams.attempt SignatureNonceUsed
	// - cams.attempt OK
}
