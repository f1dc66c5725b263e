// Package cams is a client for Alibaba Cloud's Chat App Message Service (CAMS),
// API version 2020-06-06: the whole life of a WhatsApp group, first of all its
// members, and any other operation of the API by its name.
//
//	client, err := cams.NewClient()
//	if err != nil {
//		return err
//	}
//	pager := cams.NewListChatGroupParticipantsPager(client, &cams.ListChatGroupParticipantsRequest{
//		BusinessNumber: "8613800000000",
//		GroupID:        "EA939...",
//		CustSpaceID:    "cams-k...",
//	})
//	for participant, err := range pager.All(ctx) {
//		if err != nil {
//			return err
//		}
//		fmt.Println(participant.ParticipantNumber)
//	}
//
// # A group's life
//
// [Client.AddChatGroup] starts the creation of a group. [Client.ListChatGroup] finds
// it, with its GroupID, until it is active. [Client.AddChatGroupInviteLink] makes the
// link that members join with, and [Client.DeleteChatGroupInviteLink] ends it.
// [Client.ListChatGroupParticipants] lists the members,
// [Client.DeleteChatGroupParticipants] removes some. [Client.UpdateChatGroup] changes
// the group, [Client.DeleteChatGroup] deletes it. [Rosters] lists the members of many
// groups. [Client.Call] calls any other operation.
//
// # What the package promises
//
// A call returns either a response or an error. A refusal inside an HTTP 200 is an
// error. Every wait ends with the caller's context. A [Client] is safe for
// concurrent use. The package keeps no global state, and no goroutine outlives the
// call or the iteration that started it, except for a credentials provider that
// hangs and ignores its context.
//
// No error, log record or print shows an AccessKey secret, a token, a signature
// or a phone number. Responses and requests hold phone numbers, and print them
// with fmt, but not with log/slog. A bare []ChatGroupParticipant is a slice like
// any other: do not log it.
//
// Requests have the parameters, the signed headers and the signature that the
// official Go client gives them, except for a few headers, User-Agent among them,
// that docs/migrating.md names.
//
// # Credentials
//
// Without [WithCredentials] a client uses [DefaultCredentials]: the environment, OIDC,
// the aliyun CLI's profile, the credentials file, the role of the ECS instance, a
// credentials URI. The first that is set up is used. If it does not work, that is an
// error: no other identity takes its place. [StaticCredentials] is for an AccessKey
// pair, [CredentialsFrom] for any other kind that credentials-go knows, and a
// [CredentialsProvider] of yours for a vault.
//
// The provider is asked before each attempt, unless its answer is kept:
//
//   - Credentials with an Expires are renewed shortly before. While that fails or
//     hangs, they are used to their end. A call waits two seconds for it at most.
//   - What [DefaultCredentials] found is kept for a minute, and used for two more
//     while it cannot be renewed.
//   - A session behind [CredentialsFrom] is used for up to three minutes while
//     credentials-go cannot renew it for a passing failure.
//
// A provider's failure is repeated within the attempts only if it may pass: a
// connection that fails or breaks, an error with a method Timeout or Temporary that
// reports true, and, of credentials-go, HTTP 429 and 5xx and codes that say the same.
// That library does not tell all statuses. A host that does not exist, a certificate
// that does not verify, a refusal, a command that fails and a wrong configuration end
// the call at once.
//
// A key or token with a space, a line break, a quote at an end, a byte order mark or
// anything else outside ASCII is a [*ValidationError] that names the field.
//
// credentials-go does more than answer. It runs the command of a CLI profile of mode
// External, and rewrites the CLI's file with what it got, there and in mode OAuth;
// see [DefaultCredentials]. It reaches metadata, STS and others by a copy of
// http.DefaultTransport, with its proxies, not by the client's http.Client.
//
// # Errors
//
// A call's error is, or wraps, one of these:
//
//   - [*APIError]: the service refused; see also [IsCode], [ErrThrottled],
//     [ErrAccessDenied] and [ErrUnauthenticated];
//   - [*ResponseError]: what answered did not speak the service's protocol;
//   - [*CallError]: there was no answer; it unwraps to the cause: a *net.OpError, an
//     x509 error, [context.Canceled] or [context.DeadlineExceeded], the error of a
//     [CredentialsProvider]. If the caller's context ended the call, it has the last
//     attempt's error too;
//   - [*ValidationError]: the input is wrong and nothing was sent.
//
// [ErrOutcomeUnknown] is the error of a write that may or may not have been carried
// out. [RetryAfter] tells the wait that the service asked for.
//
// # Retries
//
// A call makes up to [RetryPolicy].MaxAttempts requests, each signed anew with a
// time and nonce of its own. The first rule that fits decides. The rules may change.
//
//   - The caller's context has ended: no more requests.
//   - A success: done.
//   - A write that must not be repeated (AddChatGroup, AddChatGroupInviteLink, and
//     Call without Repeatable), after an attempt that may have been carried out:
//     [ErrOutcomeUnknown]. An attempt surely did nothing if no connection was made,
//     or if the service refused it for too many requests, its time, its identity or
//     another reason of its own.
//   - SignatureNonceUsed: something on the way sent the request twice. Repeated with a
//     new nonce, once a call.
//   - InvalidTimeStamp.*: the clock is corrected by the answer's Date, for this and
//     later calls, and the request is repeated, once a call. If that does not help,
//     the clock is set back.
//   - The identity is refused (InvalidAccessKeyId*, Forbidden.AccessKey*,
//     InvalidSecurityToken*, SecurityToken*, MissingSecurityToken,
//     SignatureDoesNotMatch, IncompleteSignature, InvalidParameter* about a
//     SecurityToken): the provider is asked again, once a call. Other credentials are
//     tried, the same ones are not.
//   - Throttled (a code with Throttling, System.LimitControl or FlowControl, HTTP
//     429, a positive x-acs-retry-after): repeated, whatever the HTTP status is.
//   - A code that says that the failure may pass (ServiceUnavailable, InternalError,
//     InternalFailure, SystemBusy, ServiceBusy, 999999, ERR-COMMON-001): repeated,
//     whatever the HTTP status is.
//   - HTTP 5xx: repeated, unless its code is one that repeating does not change
//     (credentials, permissions, Invalid*, Missing*).
//   - No connection, no TLS handshake, a reset, an answer cut off, an attempt
//     beyond its timeout: repeated, unless the certificate does not verify.
//   - No credentials, but the provider may have some soon: repeated. See Credentials.
//   - Everything else, such as another refusal, a 2xx that does not decode, or a
//     redirect: not repeated.
//
// A retry waits for the time that the service asks for, plus up to a tenth:
// x-acs-retry-after (milliseconds); for a throttled request TimeLeft of
// x-ratelimit-user-api and x-ratelimit-user (milliseconds, the larger);
// Retry-After (seconds or a date). If that is more than MaxDelay, or past the
// caller's deadline, the call ends at once; [RetryAfter] has the wait. Otherwise the
// pause is random between nothing and BaseDelay (ThrottleDelay, if throttled),
// doubled with each retry up to MaxDelay. The first three repairs need no pause.
//
// Retries of a client as a whole have a budget: each costs one, up to
// [RetryPolicy].Budget. A call that succeeds gets back what its retries cost, and a
// tenth more. So an outage meets the calls and a hundred requests more, not three
// times the calls, and throttled work that succeeds costs nothing. Repairs cost
// nothing either.
//
// # Quotas
//
// The service counts requests for each account, region and operation, and tells
// nobody the quota. By default a client finds it, for each operation: it limits
// nothing before the first refusal, then keeps a little below what the service
// grants, and tries for more from time to time. Calls that were refused go first, the
// others in order. A wait that the service names holds all callers back. After a
// minute in which nobody had to wait, the limit is forgotten. [WithLimiter] is for a
// quota that you know, [Unlimited] for none. Waiting is no part of the attempt
// timeout; the caller's context ends it.
//
// # Paging
//
// The API numbers its pages; there is no token and no snapshot, so members who
// join or leave during a listing may be missed or listed as the service shifts
// its pages. What the pager makes of a page, the first line that fits:
//
//	the page                                          what follows
//	is empty; it lies past Total                      the end
//	is empty, the third one in a row                  ErrPagerStalled
//	is empty                                          the next page
//	came before; all of Total has been received       the end; nothing of the page is used
//	came before; Total is not reached, or is absent   ErrPagerStalled
//	has members, after too many for Total             ErrPagerStalled
//	brings the members received to exactly Total      the end
//	anything else: shorter than Size (the service     the next page
//	may cap it), Total absent, passed or changed
//
// Total is the latest page's; zero or less is absent. Members received are counted
// from the start page's offset, (Index-1) times the length of the longest page
// received. A listing that starts past the first page with a short page asks for
// one page more, for it cannot tell a cap from the end; if that short page then
// comes again, and the pages before it make up Total at the Size asked for, it was
// the last.
//
// A page lies past Total if the pages before it would hold all of Total, each as
// long as the longest received, or as Size until a second page with members has
// shown that the service sends fewer. If Total is absent, every page does. So a
// Total that counts one more than is listed costs a request or two, and no error. A
// Total of three pages more than there are, or larger, ends in ErrPagerStalled once
// all members have come; its text says how many came, and Total.
//
// Too many for Total: the listing has received more than twice Total and more than
// Total + 1000, or more than 100,000 without a Total. The service then ignores the
// page number, for all one knows, and the listing would not end.
//
// A page is compared with the one before it and with one further back. So a
// service that sends a few pages in turns is found out too, but not at once:
// some members may have been listed again by then. Pages whose numbers are all
// empty or masked, as in published samples, are not compared.
//
// A range over Pages or All whose context is done ends at the next page, also
// if that is prefetched. Leaving the loop stops all requests in flight and
// waits until they have returned.
//
// # Testing
//
// Package camstest is the service in memory, for unit tests: it keeps groups, checks
// signatures, has quotas, and fails as told. Each operation with a pager has a
// one-method interface for stubs, and httpmock fits through [WithHTTPClient].
package cams
