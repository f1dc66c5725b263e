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
// [Client.AddChatGroup] starts the creation of a group. [WaitForChatGroup] waits until it
// is active, and returns its GroupID. [Client.AddChatGroupInviteLink] creates the link that
// members join with, [Client.DeleteChatGroupInviteLink] deletes it.
// [Client.ListChatGroupParticipants] lists the members, and
// [Client.DeleteChatGroupParticipants] removes some. [Client.UpdateChatGroup] changes the
// group, [Client.DeleteChatGroup] deletes it, [Client.ListChatGroup] lists all groups.
// [Rosters] lists the members of many groups. [Client.Call] calls any other operation.
//
// # What the package promises
//
// A call returns either a response or an error, also if the service refuses a request with
// HTTP status 200. Every wait ends when the caller's context ends. A [Client] is safe for
// concurrent use. The package has no mutable global state. No goroutine outlives the calls
// and loops that need it, with two exceptions: a renewal of credentials that are still valid
// may go on for up to a minute, and a provider that ignores its context may hang longer.
//
// No error, log record or printed value shows an AccessKey secret, a token, a signature, a
// phone number or a WhatsApp user ID, with two exceptions. Package fmt prints the numbers in
// requests, responses, groups, members and [CallInfo].Body. Package log/slog prints those in
// a slice, a map or a struct of them: log one value at a time, or none.
//
// # Credentials
//
// Without [WithCredentials] a client uses [DefaultCredentials]: the first source that is
// configured, of the environment, OIDC, the aliyun CLI's profile, the credentials file, the
// role of the ECS instance and a credentials URI. If that one fails, the call fails: the
// client never falls back to another identity. [StaticCredentials] is for an AccessKey pair,
// [CredentialsFrom] for what credentials-go supports, [CredentialsProvider] for a vault.
//
// Credentials with an Expires are cached, renewed shortly before that time, and used until
// then if the renewal fails. A provider's error ends the call, unless the failure is
// temporary: a failed connection, or an error whose method Timeout or Temporary returns true.
//
// # Errors
//
// The error of a call is, or wraps, one of these:
//
//   - [*APIError]: the service refused the request; see [IsCode];
//   - [*ResponseError]: the answer does not follow the service's protocol;
//   - [*CallError]: there was no answer. It unwraps to the cause, and to the error of the
//     last attempt if the caller's context or a limiter ended the call;
//   - [*ValidationError]: the input is invalid, and nothing was sent.
//
// Four classes say what to do, with [errors.Is]: [ErrUnavailable] and [ErrThrottled] are
// temporary, so call again later; [ErrAccessDenied] and [ErrUnauthenticated] stay until you
// mend something.
// [ErrOutcomeUnknown] means that a write may or may not have been carried out: check before
// you call again. [RetryAfter] returns how long the service asked the caller to wait.
//
// # Retries
//
// A call makes up to [RetryPolicy].MaxAttempts attempts, each signed anew. The first rule
// that matches an attempt applies. The rules may change in later versions.
//
//   - The caller's context has ended: no retry.
//   - The operation is not idempotent (AddChatGroup, AddChatGroupInviteLink, and Call
//     without Repeatable) and the attempt may have been carried out: [ErrOutcomeUnknown].
//     The service cannot have done it if there was no connection, or if it refused the
//     request for a clear reason, such as too many requests, its time or its identity.
//   - The nonce was used: retried with a new one.
//   - The time is wrong, or the identity is refused: once a call each, the client corrects
//     its clock by the answer's Date, or asks the provider for other credentials, and
//     retries.
//   - Too many requests: see Quotas.
//   - The failure matches [ErrUnavailable]: retried after a pause.
//   - Anything else: no retry.
//
// A pause is random, up to BaseDelay before the first retry. That limit doubles with each
// retry, up to MaxDelay. If the service asks for a wait, the pause is that long, plus up to a
// tenth. The client reads, in this order:
//
//  1. x-acs-retry-after, in milliseconds;
//  2. if throttled, TimeLeft in x-ratelimit-user-api and x-ratelimit-user, in milliseconds;
//  3. Retry-After, in seconds or as a date.
//
// A wait that is longer than MaxDelay, and any pause that ends after the caller's deadline,
// ends the call at once.
//
// The calls of one identity share a retry budget of [RetryPolicy].Budget retries. A call that
// succeeds gives back what it took, and a tenth of a retry more. So an outage causes a
// hundred retries in all by default, however many calls fail.
//
// # Quotas
//
// The service counts requests per account, region and operation, and does not publish the
// quotas. A client finds them by itself. It limits nothing until the service refuses a
// request because there were too many. From then on calls wait for their turn, first come,
// first served, at a rate slightly below what the service grants. From time to time the
// client tries a higher rate. After a quiet minute the limit is gone.
//
// Waiting is not failing: a call that is throttled loses no attempt. It ends with
// [ErrThrottled] if the service asks for a wait of more than two minutes or past the
// caller's deadline, if the service has granted nothing for two minutes, or if the
// caller's context ends. [WithLimiter] is for a quota that you know, [Unlimited] turns
// limiting off; then a throttled attempt counts like any other failure.
//
// # Paging
//
// The API numbers its pages. It has no page token and no snapshot, so a listing can miss an
// item, or list one twice, if the list changes meanwhile; [Pager.Changed] tells you if the
// pager saw a change. To delete what you list, collect all of it first. A short page is not the
// end: the listing ends when the items received reach Total, or with an empty page past
// Total. A service that repeats a page, or sends three empty ones in a row, is
// [ErrPagerStalled].
//
// A pager fails with its first page that fails. [WithPatience] lets it outlast an outage.
// [Rosters] has five minutes of patience: while the service is away, it waits and asks
// again from time to time, and no group is lost.
//
// # Testing
//
// Package camstest is an in-memory fake of the service. It stores groups, checks signatures,
// enforces quotas, and fails on request. Each operation with a pager has a one-method
// interface for stubs. [WithHTTPClient] takes an http.Client with a fake transport, such as
// httpmock's.
package cams
