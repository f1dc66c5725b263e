package camsotel_test

import (
	"context"
	"fmt"
	"log"
	"net/http"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camsotel"
	"github.com/cams-go/cams/camstest"
)

// This example prints the span of a call and its attempts, as OpenTelemetry's SDK
// receives them.
func ExampleNew() {
	exporter := tracetest.NewInMemoryExporter() // in your program: otlptracegrpc.New(ctx)
	tracers := sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporter))

	server := camstest.NewServer() // instead of the service
	server.AddGroup(camstest.Group{BusinessNumber: "8613800138000", CustSpaceID: "cams-k001", GroupID: "EA939"})
	server.AnswerOnce(camstest.Refusal(400, "SignatureNonceUsed", "The nonce was used before."))
	service := &http.Client{Transport: server}
	provider := cams.StaticCredentials(camstest.AccessKeyID, camstest.AccessKeySecret, "")

	observer := camsotel.New(camsotel.WithTracerProvider(tracers)) // without options: the global providers
	client, err := cams.NewClient(cams.WithHTTPClient(service), cams.WithCredentials(provider), cams.WithObserver(observer))
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
