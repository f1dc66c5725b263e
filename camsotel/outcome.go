package camsotel

import (
	"context"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"go.opentelemetry.io/otel/attribute"

	"github.com/cams-go/cams"
)

// Names that are used more than once.
const (
	methodKey     = attribute.Key("rpc.method")
	statusCodeKey = attribute.Key("rpc.status_code")
	errorTypeKey  = attribute.Key("error.type")
	requestIDKey  = attribute.Key("alibaba_cloud.request_id")
)

var systemName = attribute.String("rpc.system.name", "alibaba_cloud")

// method returns the operation with its service, as the conventions require.
func method(operation string) string { return "cams/" + operation }

// other is the conventions' error.type for errors that have no better one.
const other = "_OTHER"

// canceled is the class of what the caller canceled. That is no error, as for the logger
// of package cams.
const canceled = "canceled"

// outcomeOf describes how an attempt or a call ended: the service's code, if there is
// one, and the class of the error. It reports whether that is an error.
func outcomeOf(err error) (outcome []attribute.KeyValue, failed bool) {
	class, isCode := classOf(err)
	switch {
	case err == nil:
		return []attribute.KeyValue{statusCodeKey.String("OK")}, false
	case class == canceled:
		return []attribute.KeyValue{statusCodeKey.String(canceled)}, false
	case isCode:
		outcome = append(outcome, statusCodeKey.String(class))
	}
	return append(outcome, errorTypeKey.String(class)), true
}

// classOf returns the class of an error, and whether that is a code of the service.
// There are only few classes, because they are dimensions of metrics.
func classOf(err error) (class string, isCode bool) {
	var stopped *cams.CallError
	var refused *cams.APIError
	var answered *cams.ResponseError
	switch {
	case errors.As(err, &stopped): // first, as it may wrap the error of an attempt
		return classOfCall(stopped), false
	case errors.As(err, &refused):
		if isServiceCode(refused.Code) {
			return refused.Code, true
		}
	case errors.As(err, &answered):
		if answered.StatusCode >= 200 && answered.StatusCode <= 299 {
			return "invalid_answer", false
		}
		return strconv.Itoa(answered.StatusCode), false
	}
	return other, false
}

// classes maps the Reason of a [cams.CallError] to its class.
var classes = map[cams.Reason]string{
	cams.ReasonNoCredentials:  "no_credentials",
	cams.ReasonNotSigned:      "not_signed",
	cams.ReasonNotLimited:     "limited",
	cams.ReasonNoAnswer:       "no_answer",
	cams.ReasonTimedOut:       "timeout",
	cams.ReasonStopped:        canceled,
	cams.ReasonOutcomeUnknown: "outcome_unknown",
}

func classOfCall(err *cams.CallError) string {
	class, ok := classes[err.Reason]
	switch {
	case !ok:
		return other
	case class == canceled && !errors.Is(err, context.Canceled):
		return "deadline_exceeded"
	}
	return class
}

// isServiceCode reports whether code has the form of a code, and not that of an ID, a
// key or a phone number that a server may send in its place. A code is made of words
// and short numbers, for instance InvalidTimeStamp.Expired, ERR-COMMON-001 or 999999.
func isServiceCode(code string) bool {
	if len(code) > 64 {
		return false
	}
	digits := 0
	for _, word := range strings.FieldsFunc(code, isSeparator) {
		number := strings.Trim(word, "0123456789") == ""
		if !number && strings.ContainsFunc(word, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsLetter(r) }) {
			return false
		}
		if number {
			digits += len(word)
		}
	}
	return code != "" && !isSeparator(rune(code[0])) && digits <= 6
}

func isSeparator(r rune) bool { return r == '.' || r == '-' || r == '_' }

// requestIDs are five groups of letters and digits.
var requestIDs = regexp.MustCompile(`^[0-9A-Za-z]{4,12}(?:-[0-9A-Za-z]{4,12}){4}$`)

func isRequestID(id string) bool { return requestIDs.MatchString(id) }
