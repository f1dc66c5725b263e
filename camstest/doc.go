// Package camstest is a fake of Alibaba Cloud's Chat App Message Service (CAMS) for unit tests.
//
// A [Server] stores groups in memory and answers the eight chat-group operations, version 2020-06-06: ListChatGroup,
// AddChatGroup, UpdateChatGroup, DeleteChatGroup, AddChatGroupInviteLink, DeleteChatGroupInviteLink,
// DeleteChatGroupParticipants and ListChatGroupParticipants. [Server.Handle] adds others. You can use it as:
//
//   - an [http.RoundTripper], for an http.Client that sends nothing over the network;
//   - an [http.Handler], for httptest.NewServer and real TCP or TLS.
//
// The server is strict. It checks every request as the service does. It computes the signature (ACS3-HMAC-SHA256, or the
// older RPC signature with HMAC-SHA1) again from what arrived, and the date, the nonce, the credentials and the parameters
// must be valid. Parameters may be in the query, in a form in the body, or in both. The code shares nothing with the code
// that signs, so that a mistake in one cannot hide in the other.
//
// # Groups
//
// Operations read what earlier operations wrote. [Server.Groups] returns it to the test.
//
//   - [Server.AddGroup] adds any group that the test needs. AddChatGroup creates one with status CREATING. It is ACTIVE when
//     it is next used or listed, unless [Server.SetActivationDelay] delays that. The answer has a UniqueCode and no
//     GroupId; only ListChatGroup returns the GroupId. Each call creates another group.
//   - AddChatGroupInviteLink creates a new link and makes the old one invalid. [Server.Join] is what a person does with a
//     link. A group has at most 8 members, as in WhatsApp. A removed member cannot join again.
//   - A group must be ACTIVE to be updated, to get or lose a link, and to lose members. Any group can be listed and deleted.
//   - Deleting a group also deletes its link.
//
// # Failures
//
// [Server.Answer], [Server.AnswerOnce] and [Server.AnswerFunc] make the server send any answer, delay it, or drop the
// connection: for every request, for the next requests, or for those that a function chooses. An [Answer] is sent instead
// of carrying the operation out or, with After, after that: for instance a connection that breaks after the write.
// [Server.Requests] returns the requests that arrived.
//
// [Server.SetQuota] and [Server.SetTokenBucket] make the server refuse requests as the service does under a quota, and
// [Server.SetLatency] makes it slow. The server uses only its own clock and package time, and starts no goroutine. So
// inside testing/synctest a job that runs for hours under a quota takes no real time: see example_quota_test.go.
//
// # What is documented, and what is assumed
//
// The form of every answer, the operations and their parameters are documented. So are these refusals of the gateway:
// Missing<Parameter>, IncompleteSignature, SignatureDoesNotMatch, SignatureNonceUsed, InvalidTimeStamp.Format and .Expired,
// InvalidAccessKeyId.NotFound, InvalidSecurityToken.Malformed, MissingSecurityToken, InvalidAction.NotFound,
// UnsupportedHTTPMethod and InvalidVersion. The HTTP status of some differs between gateways.
//
// It is not documented how the operations refuse a request. The fake assumes an answer; a test can send another one with
// [Server.AnswerFunc]. It assumes:
//
//   - An unknown group, and a group that must be ACTIVE and is not, are refused with InvalidParameter in an HTTP 200, an invalid
//     value with InvalidParameter in a 400, a request over the quota with Throttling.User in a 429.
//   - A success has Success true. Four of the published samples have Code OK with Success false: use [Answer] for that.
//   - The filter Subject of ListChatGroup matches groups whose subject contains it. The other filters must be equal.
//   - DeleteChatGroupParticipants ignores numbers that are not members. It removes a member that has only an ID by that ID,
//     as ParticipantNumber. UpdateChatGroup needs something to update. AddChatGroup needs no Subject. A subject has at most 128
//     characters and a description 2,048, as with WhatsApp.
//   - A phone number that has anything but digits is refused with InvalidParameter.FromOnlyNumeric, as SendChatappMessage is
//     said to refuse one. A ParticipantNumber that has letters is an ID.
//   - If a group is deleted twice, the second answer is that the group does not exist.
//   - An account may have any number of groups. A business number need not be registered.
//   - The unit of GmtModifier is milliseconds since 1970.
//   - The text of SignatureDoesNotMatch for ACS3 is one of the forms that gateways use. It repeats the caller's parameters
//     and tokens, as the service does: a client must mask them.
//
// Limits: only the path "/", only JSON answers, and no state outside the process.
package camstest
