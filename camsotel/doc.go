// Package camsotel makes OpenTelemetry traces and metrics of the calls of a
// [cams.Client]. It is a module of its own, so that only programs that want
// OpenTelemetry depend on it.
//
//	client, err := cams.NewClient(cams.WithObserver(camsotel.New()))
//
// # Traces
//
// A call is one span of kind client, named as its rpc.method and as long as the call
// with all its retries. The context of its requests has the span, so that what
// an instrumented transport records becomes its child. Beware that such a transport
// may record URLs, and that the query of a request holds the business number. The
// span has these attributes:
//
//	rpc.system.name             alibaba_cloud
//	rpc.method                  cams/<operation>, for instance cams/ListChatGroupParticipants
//	rpc.status_code             OK, or the service's code of a refusal
//	error.type                  see below; only of a call that failed
//	alibaba_cloud.request_id    of the last answer that had one
//	cams.call.attempts          how many there were
//	cams.call.limiter.wait_time seconds spent waiting for the limiter, if any
//
// Each attempt is an event of the span, cams.attempt, at the attempt's end:
//
//	cams.attempt.number            counted from 1
//	cams.attempt.duration          seconds
//	cams.attempt.limiter.wait_time seconds, before the attempt, if any
//	cams.attempt.retry.pause       seconds until the next one, if one follows
//	cams.attempt.reason            why one follows, or why a failure is the end
//	http.response.status_code      if there was an answer
//	rpc.status_code, error.type, alibaba_cloud.request_id
//
// # Metrics
//
// Three histograms in seconds, and a counter. All have the attributes rpc.system.name
// and rpc.method; the first two also rpc.status_code and, for failures, error.type.
//
//	rpc.client.call.duration      a call with all its retries
//	cams.client.attempt.duration  an attempt, without the wait for the limiter; it counts the attempts
//	cams.client.limiter.wait_time how long an attempt waited for the limiter
//	cams.client.throttled         attempts refused for too many requests
//
// # Names
//
// The names are those of OpenTelemetry's semantic conventions for RPC, version
// 1.45.0. They say nothing of retries, limiters and this service: those names begin
// with cams. The request ID is named as aws.request_id is, after alibaba_cloud, which
// is the conventions' name of the provider.
//
// # Errors
//
// error.type is the service's code of a refusal, for instance Throttling.User; the
// HTTP status, for instance 502, of another answer that is no success; or one of
//
//	canceled            the caller cancelled the call
//	deadline_exceeded   the caller's deadline passed
//	timeout             no answer within the attempt timeout
//	no_answer           no connection, or it broke
//	no_credentials      the credentials provider failed
//	not_signed          the signer failed
//	limited             the limiter let no request through
//	outcome_unknown     a write that may or may not have happened, see [cams.ErrOutcomeUnknown]
//	invalid_answer      a success that cannot be read
//	_OTHER              anything else, and a code that does not look like one
//
// # What it does not record
//
// No parameter, phone number, secret, URL or body, and no text of an error: a
// status has no description. A code and a request ID come from the service, so
// they are recorded only if they have the form of one.
package camsotel
