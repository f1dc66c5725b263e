package provider

import (
	"strings"
	"time"
	"unicode"
)

// Keys are credentials: Credentials of package cams, which has the docs of the fields.
type Keys struct {
	AccessKeyID     string
	AccessKeySecret string
	SecurityToken   string
	BearerToken     string
	Expires         time.Time
}

// SameAs reports whether k and other are equal, apart from Expires.
func (k Keys) SameAs(other Keys) bool {
	other.Expires = k.Expires
	return k == other
}

// Problem returns the field of keys that cannot sign a request, and what is wrong with it.
func (k Keys) Problem() (field, reason string) {
	for _, part := range []struct{ field, value string }{
		{"AccessKeyID", k.AccessKeyID}, {"AccessKeySecret", k.AccessKeySecret},
		{"SecurityToken", k.SecurityToken}, {"BearerToken", k.BearerToken},
	} {
		if reason := notPrintable(part.value); reason != "" {
			return part.field, reason
		}
	}
	switch {
	case k.SameAs(Keys{}):
		return "AccessKeyID", "is empty, and so are the other fields"
	case k.BearerToken != "" && k.AccessKeyID+k.AccessKeySecret+k.SecurityToken != "":
		return "BearerToken", "cannot be used together with an AccessKey"
	case k.BearerToken != "":
		return "", ""
	case k.AccessKeyID == "":
		return "AccessKeyID", "is empty"
	case k.AccessKeySecret == "":
		return "AccessKeySecret", "is empty"
	}
	return "", ""
}

// notPrintable says what character in value cannot be part of a key or token, or returns
// "". Such characters come from copying or from a file.
func notPrintable(value string) string {
	for _, r := range value {
		switch {
		case r < ' ' || r == 0x7f:
			return "holds a line break or another control character"
		case unicode.IsSpace(r):
			return "holds a space"
		case r == '\ufeff':
			return "holds a byte order mark"
		case r > '~':
			return "holds a character that is not ASCII"
		}
	}
	if value != strings.Trim(value, "\"'`") {
		return "begins or ends with a quote"
	}
	return ""
}
