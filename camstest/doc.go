// Package camstest is a fake of Alibaba Cloud's Chat App Message Service (CAMS) for unit tests.
//
// A [Server] holds groups and answers the eight chat-group operations, version 2020-06-06: ListChatGroup, AddChatGroup,
// UpdateChatGroup, DeleteChatGroup, AddChatGroupInviteLink, DeleteChatGroupInviteLink, DeleteChatGroupParticipants and
// ListChatGroupParticipants. [Server.Handle] adds others. It has two faces with the same behaviour:
//
//   - an [http.Handler], for httptest.NewServer and real TCP or TLS;
//   - an [http.RoundTripper], for an http.Client that never leaves the process.
//
// It is strict. Every request is checked as the service would check it: the signature (ACS3-HMAC-SHA256 or the older
// RPC signature, HMAC-SHA1) is computed again from what arrived, and the date, the nonce, the credentials and the
// parameters must be right. Parameters come in the query, in a form in the body, or in both. The code that checks shares
// nothing with the code that signs, so that a mistake in one cannot hide in the other.
//
// # Groups
//
// What an operation writes, later ones read; [Server.Groups] shows it to a test.
//
//   - [Server.AddGroup] adds a group as the test wants it. AddChatGroup creates one that is CREATING; it is ACTIVE when next
//     looked at, after [Server.SetActivationDelay], or when [Server.Activate] says so. Its answer has a UniqueCode and no
//     GroupId: only ListChatGroup tells that. Each call creates another group.
//   - AddChatGroupInviteLink makes a new link and kills the old one. [Server.Join] is what a person does with a link. A group
//     has at most 8 members; who was removed cannot join again.
//   - Only an ACTIVE group can be updated, have its link made or deleted, or lose members. Any can be listed and deleted.
//   - A deleted group is gone, and so is its link.
//
// # Failures
//
// [Server.Answer], [Server.AnswerOnce] and [Server.AnswerFunc] make the server answer anything, late, or not at all: for
// every request, for the next ones, or for those that a function chooses. An [Answer] comes instead of the work or, with
// After, once the work is done: a connection that breaks after the write. [Server.Requests] tells what arrived, and
// [Server.Pending] what of a queue was not used.
//
// [Server.SetQuota] and [Server.SetTokenBucket] refuse requests as a service under a quota does, and
// [Server.SetLatency] makes it slow. All time is that of the server's clock and of package time, and the server has no
// goroutine: inside testing/synctest a job of hours under a quota takes no time. See the test of it beside the examples.
//
// # What is documented, and what is assumed
//
// The form of every answer, the operations and their parameters are documented, and so are these refusals of the gateway:
// Missing<Parameter>, IncompleteSignature, SignatureDoesNotMatch, SignatureNonceUsed, InvalidTimeStamp.Format and .Expired,
// InvalidAccessKeyId.NotFound, InvalidSecurityToken.Malformed, MissingSecurityToken, InvalidAction.NotFound,
// UnsupportedHTTPMethod and InvalidVersion. The statuses of some differ between gateways.
//
// No document says how the operations refuse. What the fake answers is assumed, and a test can set it with
// [Server.SetRefusal]: see [Case]. These are assumed, too:
//
//   - a success has Success true. Four of the published samples pair Code OK with Success false: use [Answer] for that;
//   - the filter Subject of ListChatGroup finds groups whose subject contains it; the other filters must be equal;
//   - DeleteChatGroupParticipants passes over numbers that are no members; UpdateChatGroup needs something to update, and
//     AddChatGroup no Subject; a subject has at most 128 characters and a description 2,048, as with WhatsApp;
//   - what the second of two deletions answers: that the group is unknown;
//   - how many groups an account may have: any number. A business number need not be registered;
//   - the unit of GmtModifier: milliseconds since 1970;
//   - the text of SignatureDoesNotMatch for ACS3, which gateways write in more than one form. It repeats the caller's
//     parameters and tokens, as the service does: a client must mask them.
//
// Its limits: the path "/", JSON answers, one process.
package camstest
