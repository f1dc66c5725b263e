// Package cams is a client for Alibaba Cloud's Chat App Message Service (CAMS),
// API version 2020-06-06. It manages WhatsApp groups, lists their members, and
// calls any other operation of the API by name.
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
// # The life of a group
//
// [Client.AddChatGroup] starts the creation of a group. [Client.ListChatGroup] returns
// the group's GroupID and its status; wait until the group is active.
// [Client.AddChatGroupInviteLink] creates the link that members join with, and
// [Client.DeleteChatGroupInviteLink] deletes it. [Client.ListChatGroupParticipants]
// lists the members, and [Client.DeleteChatGroupParticipants] removes members.
// [Client.UpdateChatGroup] changes the group, and [Client.DeleteChatGroup] deletes
// it. [Rosters] lists the members of many groups. [Client.Call] calls any other
// operation.
//
// # What the package promises
//
// A call returns either a response or an error. If the service refuses a request
// with HTTP status 200, that is an error too. Every wait ends when the caller's
// context ends. A [Client] is safe for concurrent use. The package has no mutable
// global state. No goroutine outlives the calls and loops that need it, unless a
// credentials provider hangs and ignores its context.
//
// No error, log record or printed value shows an AccessKey secret, a token, a signature
// or a phone number. There are two exceptions. fmt prints the phone numbers in requests,
// responses and [CallInfo].Body; log/slog does not. log/slog prints those of a bare
// []ChatGroupParticipant: do not log one.
//
// Requests have the same parameters, signed headers and signature as those of the
// official Go client. A few headers differ, such as User-Agent; docs/migrating.md
// lists them.
//
// # Credentials
//
// Without [WithCredentials] a client uses [DefaultCredentials]: the environment, OIDC,
// the aliyun CLI's profile, the credentials file, the role of the ECS instance, or a
// credentials URI. It uses the first one that is configured. If that one fails, the
// call fails: the client never falls back to another identity. [StaticCredentials]
// is for an AccessKey pair, [CredentialsFrom] for any other kind that credentials-go
// supports. Implement [CredentialsProvider] for a vault.
//
// The client asks the provider before each attempt, unless it has cached credentials:
//
//   - Credentials with an Expires are renewed shortly before that time. If the renewal
//     fails or hangs, they are used until they expire. A call waits at most two
//     seconds for a renewal.
//   - Credentials from [DefaultCredentials] are cached for one minute, and used for two
//     more if they cannot be renewed.
//   - A session from [CredentialsFrom] is used for up to three more minutes if
//     credentials-go cannot renew it because of a temporary failure.
//
// An attempt that fails because of the provider is retried only if the failure may be
// temporary: a failed or broken connection, or an error whose method Timeout or
// Temporary returns true. For credentials-go, HTTP 429 and 5xx and equivalent error
// codes are temporary too, where its error text shows them. An unknown host, an
// invalid certificate, a refusal, a failed command or a wrong configuration ends the
// call at once.
//
// A key or token that contains a space, a line break or another control character, a
// byte order mark or any other character outside ASCII, or that begins or ends with a
// quote, is a [*ValidationError] that names the field.
//
// Note what credentials-go does by itself. It runs the command of a CLI profile of mode
// External. In the modes External and OAuth it rewrites the CLI's file; see
// [DefaultCredentials]. It connects to the metadata service, STS and others with a copy
// of http.DefaultTransport and its proxies, not with the client's http.Client.
//
// # Errors
//
// The error of a call is, or wraps, one of these:
//
//   - [*APIError]: the service refused the request; see also [IsCode], [ErrThrottled],
//     [ErrAccessDenied] and [ErrUnauthenticated];
//   - [*ResponseError]: the answer does not follow the service's protocol;
//   - [*CallError]: there was no answer. It unwraps to the cause: a *net.OpError, an
//     x509 error, [context.Canceled] or [context.DeadlineExceeded], or the error of a
//     [CredentialsProvider]. If the caller's context ended the call, it also wraps the
//     error of the last attempt;
//   - [*ValidationError]: the input is invalid, and nothing was sent.
//
// [ErrOutcomeUnknown] means that a write may or may not have been carried out.
// [RetryAfter] returns how long the service asked the caller to wait.
//
// # Retries
//
// A call makes up to [RetryPolicy].MaxAttempts requests. Each is signed anew, with its
// own time and nonce. The first rule that matches an attempt applies. The rules may
// change in later versions.
//
//   - The caller's context has ended: no retry.
//   - Success: no retry.
//   - The operation is not idempotent (AddChatGroup, AddChatGroupInviteLink, and Call
//     without Repeatable), and the attempt may have been carried out:
//     [ErrOutcomeUnknown]. An attempt was surely not carried out if no connection was
//     made, or if the service refused it for a clear reason, such as too many requests,
//     its time or its identity.
//   - SignatureNonceUsed: a proxy or gateway sent the request twice. Retried with a new
//     nonce, once per call.
//   - InvalidTimeStamp.*: the client corrects its clock by the answer's Date header, for
//     this call and later ones, and retries once per call. If that does not help, it
//     undoes the correction.
//   - The identity is refused (InvalidAccessKeyId*, Forbidden.AccessKey*,
//     InvalidSecurityToken*, SecurityToken*, MissingSecurityToken,
//     SignatureDoesNotMatch, IncompleteSignature, InvalidParameter* about a
//     SecurityToken): the client asks the provider again, once per call, and retries if
//     it returns other credentials.
//   - Throttled (a code with Throttling, System.LimitControl or FlowControl, HTTP
//     429, or a positive x-acs-retry-after): retried, whatever the HTTP status is.
//   - A code of a temporary failure (ServiceUnavailable, InternalError,
//     InternalFailure, SystemBusy, ServiceBusy, 999999, ERR-COMMON-001): retried,
//     whatever the HTTP status is.
//   - HTTP 5xx: retried, unless the code says that a retry cannot help (credentials,
//     permissions, Invalid*, Missing*, Product.Unsubscript, Unknown.ResourceOwnerId).
//   - No connection, no TLS handshake, a connection reset, a truncated answer, or an
//     attempt timeout: retried, unless the cause is permanent, such as an unknown host
//     or an invalid certificate.
//   - No credentials because of a temporary failure: retried. See Credentials.
//   - Anything else, such as another refusal, a 2xx answer that cannot be decoded, or a
//     redirect: no retry.
//
// If the service asks for a wait, a retry waits that long, plus up to a tenth. The first
// of these headers counts: x-acs-retry-after (milliseconds); if throttled, the larger
// TimeLeft of x-ratelimit-user-api and x-ratelimit-user (milliseconds); Retry-After
// (seconds or a date). If the wait is longer than MaxDelay, or ends after the caller's
// deadline, the call ends at once; [RetryAfter] returns the wait. If the service does
// not ask, the pause is random, from zero to BaseDelay (ThrottleDelay if throttled).
// That limit doubles with each retry, up to MaxDelay. With the default limiter a throttled
// call also waits for its turn, which usually takes longer: see Quotas. The three repairs
// (nonce, clock, credentials) need no pause.
//
// All calls of a client share a retry budget. Each retry takes one from it; it holds
// up to [RetryPolicy].Budget retries. A call that succeeds gives back what its retries
// took, plus a tenth of one. So an outage causes, by default, at most a hundred retries
// in total, not two per call, and throttled calls that succeed in the end cost nothing.
// The three repairs cost nothing either.
//
// # Quotas
//
// The service counts requests per account, region and operation, and does not publish
// the quota. By default a client finds the quota of each operation itself. It limits
// nothing before the first refusal. Then it stays slightly below what the service
// grants, and tries a higher rate from time to time. Once a few requests have succeeded
// after a refusal, refused calls go first; the others go in the order they came. After
// a minute in which no call was refused or had to wait, the client removes the limit.
//
// After a refusal, all callers wait as long as the service asks. If it does not ask, they
// wait for 1 s the first time, later for 200 ms or the time of two requests. If the next
// request is refused too, they wait for at least 2 s, and each time twice as long, up to
// 15 s. So a call with three attempts survives two seconds in which the service grants
// nothing.
//
// [WithLimiter] is for a quota that you know, [Unlimited] turns limiting off. The wait
// for the limiter is not part of the attempt timeout; it ends with the caller's context.
//
// # Paging
//
// The API numbers its pages. It has no page token and no snapshot, so a member who
// joins or leaves during a listing can be missed, or shift others so that they are
// missed or listed twice. This table shows how the pager treats a page. The first line
// that matches applies.
//
//	the page                                          what follows
//	is empty and past Total                           the end
//	is empty, the third one in a row                  ErrPagerStalled
//	is empty                                          the next page
//	is a repeat; all of Total has been received       the end; the page is dropped
//	is a repeat; Total is absent or not reached       ErrPagerStalled
//	has members, after far too many for Total         ErrPagerStalled
//	brings the members received to exactly Total      the end
//	anything else: shorter than Size (the service     the next page
//	may cap it), Total absent, passed or changed
//
// Total is that of the latest page that has one; zero or less counts as absent. Members received
// are counted from the start of the list: the pages before the first one requested
// count as (Index-1) times the longest page received. If a listing starts after page 1
// and gets a short page, it asks for one more page, because it cannot tell a capped
// page from the last one. If the service then repeats the short page, and the pages
// before it would complete Total at the requested Size, that page was the last.
//
// An empty page is past Total if the pages before it would hold all of Total. Each of
// them counts as long as the longest page received, or as Size until a second page with
// members has arrived. If no page had a Total, every empty page is past it. So a Total
// that is one too high costs a request or two, and no error. If Total is at least three pages
// too high, the listing ends in ErrPagerStalled after all members have arrived; the
// error text has the number of members received, and Total.
//
// Far too many for Total means more than twice Total and more than Total + 1000, or
// more than 100,000 without a Total. The service then probably ignores the page number,
// and the listing would never end.
//
// Each page is compared with the page before it and with one earlier page. So the pager
// also detects a service that repeats a cycle of several pages, but only after some
// members may have been listed twice. Pages without any full number (all empty or
// masked, as in published samples) are not compared.
//
// If the context of a loop over Pages or All ends, the loop ends at the next page, even
// if that page is prefetched. Breaking out of the loop cancels all requests in flight
// and waits until they have returned.
//
// # Testing
//
// Package camstest is an in-memory fake of the service for unit tests. It stores groups,
// checks signatures, enforces quotas, and fails on request. Each operation with a pager
// has a one-method interface for stubs. [WithHTTPClient] takes an http.Client with a fake
// transport, such as httpmock's.
package cams
