package refusal

import (
	"slices"
	"strings"
)

// WhatsApp's codes are numbers. How the service forwards them is unpublished. So they are
// seen where they are the code, a number in it, as in "ERR-FB-131215", or in the message in
// WhatsApp's own form, as in "(#131204) Group is at capacity".
var (
	whatsAppThrottling = []string{"131208", "80007", "130429", "4"}
	whatsAppPassing    = []string{"131000", "131016"}
)

// LimitsNumber reports whether there were too many requests for the business number, and
// not for the account: other numbers may go on.
func (r Refusal) LimitsNumber() bool { return r.hasAny(whatsAppThrottling) }

const digits = "0123456789"

// HasCode reports whether the refusal has a code, or carries it if it is WhatsApp's.
func (r Refusal) HasCode(code string) bool {
	switch {
	case r.Code == code:
		return true
	case code == "" || strings.Trim(code, digits) != "":
		return false
	case len(code) < 5: // a short number may mean something else
		return strings.Contains(r.Message, "(#"+code+")")
	case slices.Contains(strings.FieldsFunc(r.Code, isNoDigit), code):
		return true
	}
	for _, text := range strings.Split(r.Message, "#")[1:] {
		if after, found := strings.CutPrefix(text, code); found && strings.TrimLeft(after, digits) == after {
			return true
		}
	}
	return false
}

func (r Refusal) hasAny(codes []string) bool { return slices.ContainsFunc(codes, r.HasCode) }

func isNoDigit(r rune) bool { return r < '0' || r > '9' }
