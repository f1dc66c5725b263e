// Package camsotel makes OpenTelemetry traces and metrics of the calls of a
// [cams.Client]. It is a separate module, so that only programs that use
// OpenTelemetry depend on it.
//
//	client, err := cams.NewClient(cams.WithObserver(camsotel.New()))
//
// # Traces
//
// Each call is one span of kind client. Its name is its rpc.method. It lasts as long
// as the call with all its retries. The context of the requests contains the span, so
// the spans of an instrumented transport become its children. Beware: such a transport
// may record URLs, and the query of a request contains the business number. The span
// has these attributes:
//
//	rpc.system.name             alibaba_cloud
//	rpc.method                  cams/<operation>, for instance cams/ListChatGroupParticipants
//	rpc.status_code             OK, the service's code for a refusal, or canceled if the caller canceled the call
//	error.type                  only if the call failed; see Errors
//	alibaba_cloud.request_id    from the last answer that had one
//	server.address, server.port the endpoint; it has a port if [cams.WithEndpoint] has one
//	cams.call.attempts          number of attempts
//	cams.call.limiter.wait_time seconds spent waiting for the limiter, if any
//
// Each attempt is an event of the span, cams.attempt, at the end of the attempt:
//
//	cams.attempt.number            counted from 1
//	cams.attempt.duration          seconds
//	cams.attempt.limiter.wait_time seconds, before the attempt, if any
//	cams.attempt.retry.pause       seconds of pause before the next attempt, not including the limiter
//	cams.attempt.reason            why another attempt follows, or why none does after a failure
//	http.response.status_code      if there was an answer
//	rpc.status_code, error.type, alibaba_cloud.request_id
//
// # Metrics
//
// There are three histograms, in seconds, and a counter. All have the attributes
// rpc.system.name, rpc.method and those of [WithAttributes]. The first two also have rpc.status_code and, for
// failures, error.type.
//
//	rpc.client.call.duration      a call with all its retries
//	cams.client.attempt.duration  an attempt, without the wait for the limiter; its count is the number of attempts
//	cams.client.limiter.wait_time how long an attempt waited for the limiter
//	cams.client.throttled         attempts refused for too many requests
//
// # Names
//
// The names come from OpenTelemetry's semantic conventions for RPC, version 1.45.0.
// The conventions have no names for retries and limiters, so those names begin with
// cams. The name of the request ID follows aws.request_id; alibaba_cloud is the name
// that the conventions give to the provider.
//
// # Errors
//
// error.type is the service's code for a refusal, for instance Throttling.User. For
// another answer that is no success it is the HTTP status, for instance 502. Else it
// is one of
//
//	deadline_exceeded   the caller's deadline passed
//	timeout             no answer within the attempt timeout
//	no_answer           there was no connection, or it broke
//	no_credentials      the credentials provider failed
//	not_signed          the signer failed
//	limited             the limiter let no request through
//	outcome_unknown     a write that may or may not have happened, see [cams.ErrOutcomeUnknown]
//	invalid_answer      an answer with a 2xx status that cannot be read
//	_OTHER              anything else, or a code in an unusual form
//
// A call that its caller canceled, for instance by leaving a loop over a [cams.Pager], is
// no error: its rpc.status_code is canceled, it has no error.type, and the status of its
// span is not set. A write that may have happened is outcome_unknown even then.
//
// # Tenants
//
// [WithAttributes] adds attributes of your own. Give each tenant's client an observer with
// the tenant as an attribute; all may use one TracerProvider and one MeterProvider:
//
//	observer := camsotel.New(camsotel.WithAttributes(attribute.String("tenant", tenant)))
//	client, err := base.With(cams.WithCredentials(provider), cams.WithObserver(observer))
//
// Spans have the server.address, metrics do not: add it in the same way if you want it.
//
// # What it does not record
//
// It records no parameter, phone number, secret, URL or body, and no text of an error:
// the status of a span has no description. Codes and request IDs come from the
// service, so it records them only if they have the usual form.
package camsotel
