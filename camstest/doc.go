// Package camstest is a fake of Alibaba Cloud's Chat App Message Service (CAMS) for unit tests.
//
// A [Server] holds groups and their participants and answers the operation ListChatGroupParticipants, version
// 2020-06-06. It has two faces with the same behaviour:
//
//   - an [http.Handler], for httptest.NewServer and real TCP or TLS;
//   - an [http.RoundTripper], for an http.Client that never leaves the process.
//
// It is strict. Every request is checked as the service would check it: the signature (ACS3-HMAC-SHA256 or the older
// RPC signature, HMAC-SHA1) is computed again from what arrived, and the date, the nonce, the credentials and the
// parameters must be right. The code that checks shares nothing with the code that signs, so that a mistake in one
// cannot hide in the other.
//
// It can also misbehave on purpose: [Server.Answer] and [Server.AnswerOnce] make it answer anything, late, or not at
// all, and [Server.Requests] tells what arrived.
//
// Its limits: one operation at the path "/", JSON answers only, and parameters in the query only, which is how this
// operation is called.
package camstest
