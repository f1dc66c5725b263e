// Package cams is a client for Alibaba Cloud's Chat App Message Service (CAMS),
// API version 2020-06-06, for one operation: ListChatGroupParticipants, the
// members of a WhatsApp group.
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
// # What the package promises
//
// A call returns a response or an error, never both and never neither. A
// refusal inside an HTTP 200 is an error. Every wait ends with the caller's
// context. A [Client] is safe for concurrent use; the package keeps no global
// state, and no goroutine outlives the call or the iteration that started it,
// but for a credentials provider that hangs and heeds no context.
//
// No error, log record or print shows an AccessKey secret, a token, a signature
// or a phone number. Responses and requests hold phone numbers, and print them
// with fmt, but not with log/slog. A bare []ChatGroupParticipant is a slice like
// any other: do not log it.
//
// Requests have the parameters, the signed headers and the signature that the
// official Go client gives them, but for a few headers, User-Agent among them,
// that docs/migrating.md names.
//
// # Errors
//
// A call's error is, or wraps, one of these:
//
//   - [*APIError]: the service refused; see also [IsCode], [ErrThrottled],
//     [ErrAccessDenied] and [ErrUnauthenticated];
//   - [*ResponseError]: what answered did not speak the service's protocol;
//   - [*ValidationError]: the input is wrong and nothing was sent;
//   - the cause, where there was no answer: a *net.OpError, an x509 error,
//     [context.Canceled] or [context.DeadlineExceeded], the error of a
//     [CredentialsProvider]. A call that the caller's context ended carries the
//     last attempt's error too.
//
// # Retries
//
// A call makes up to [RetryPolicy].MaxAttempts requests, each signed anew with a
// time and nonce of its own. The first rule that fits decides:
//
//   - The caller's context has ended: no more requests.
//   - A success: done.
//   - InvalidTimeStamp.*, or a refusal whose Date is more than 5 minutes from
//     this machine's: the clock is corrected for this and later calls, and the
//     request repeated, once a call.
//   - InvalidSecurityToken.Expired: the credentials are asked for again, and the
//     request repeated, once a call; static ones would be the same again.
//   - Throttled (a code with Throttling, System.LimitControl or FlowControl, HTTP
//     429, a positive x-acs-retry-after): repeated, whatever the HTTP status.
//   - HTTP 5xx, unless its code is one that repeating does not change
//     (credentials, permissions, Invalid*, Missing*): repeated.
//   - No connection, no TLS handshake, a reset, an answer cut off, an attempt
//     beyond its timeout: repeated. A certificate that does not verify: not.
//   - Everything else, such as another refusal, a 2xx that does not decode, or a
//     redirect: not repeated.
//
// Whatever is repeated waits for the time that the service asks for, if it does:
// x-acs-retry-after (milliseconds), for a throttled request TimeLeft of
// x-ratelimit-user-api and x-ratelimit-user (milliseconds, the larger),
// Retry-After (seconds or a date). If that is more than MaxDelay, or past the
// caller's deadline, the call ends at once with the wait in
// [APIError].RetryAfter. Otherwise the pause is random between nothing and
// BaseDelay, doubled with each retry up to MaxDelay; a corrected clock and new
// credentials need none.
//
// Retries of a client as a whole have a budget: each costs one, each success
// pays back a tenth, at most a hundred are held. So an outage meets the calls
// and a hundred requests more, not three times the calls.
//
// # Paging
//
// The API numbers its pages; there is no token and no snapshot, so members who
// join or leave during a listing may be missed or listed as the service shifts
// its pages. What the pager makes of a page, the first line that fits:
//
//	the page                                          what follows
//	is empty                                          the end
//	came before; all of Total has been received       the end; nothing of the page is used
//	came before; Total is not reached, or is absent   ErrPagerStalled
//	brings the members received to exactly Total      the end
//	anything else: shorter than Size (the service     the next page
//	may cap it), Total absent, zero, passed, changed
//
// Members received are counted from the start page's offset, (Index-1) times
// the length of the first page received. Total is the latest page's. A listing
// that starts past the first page with a short page asks for one page more,
// for it cannot tell a cap from the end; if that short page then comes again,
// and the pages before it make up Total at the Size asked for, it was the last.
//
// A page is compared with the one before it and with one further back. So a
// service that sends a few pages in turns is found out too, but not at once:
// some members may have been listed again by then.
//
// A range over Pages or All whose context is done ends at the next page, also
// if that is prefetched. Leaving the loop stops all requests in flight and
// waits until they have returned.
package cams
