package refusal

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWhatsAppsCodesAreSeenWhereTheyAreCodes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		code, message, asked string
		want                 bool
	}{
		{"131041", "", "131041", true},
		{"ERR-FB-131041", "", "131041", true},
		{"ERR-FB-001", "(#131041) Group unknown", "131041", true},
		{"", "WhatsApp: #131041: Group unknown", "131041", true},
		{"", "(#1310410), (#131041)", "131041", true},
		{"ERR-1310410", "", "131041", false},
		{"ERR-0131041", "", "131041", false},
		{"", "(#1310410)", "131041", false},
		{"", "131041 groups", "131041", false},
		{"", "(#131041)", "131042", false},

		{"4", "", "4", true},
		{"", "(#4) Application request limit reached", "4", true},
		{"ERR-4", "", "4", false},
		{"", "club #4", "4", false},
		{"", "(#42)", "4", false},
		{"", "(#131204)", "4", false},
		{"", "(#100) Invalid parameter", "100", true},

		{"NoPermission", "(#NoPermission)", "NoPermission", true},
		{"", "(#NoPermission)", "NoPermission", false},
		{"X", "(#)", "", false},
		{"", "", "", true},
	} {
		refusal := Refusal{Code: test.code, Message: test.message}
		assert.Equal(t, test.want, refusal.HasCode(test.asked), "%q in %+v", test.asked, refusal)
	}
}

func TestWhatsAppsCodesHaveAClassWhateverTheStatus(t *testing.T) {
	t.Parallel()
	for code, throttled := range map[string]bool{
		"131208": true, "80007": true, "130429": true, "4": true,
		"131000": false, "131016": false,
	} {
		for _, status := range []int{200, 400, 403, 404, 429, 500, 503} {
			for _, refusal := range []Refusal{{Code: code, Status: status}, {Code: "ERR-FB-001", Message: "(#" + code + ") m", Status: status}} {
				throttled := throttled || status == 429
				assert.Equal(t, throttled, refusal.IsThrottled(), "%+v", refusal)
				assert.Equal(t, !throttled, refusal.Passes(), "%+v", refusal)
			}
		}
	}
	assert.False(t, Refusal{Code: "131041", Status: 400}.Passes())
	assert.False(t, Refusal{Code: "131041", Status: 400}.IsThrottled())
}

func TestAPassingCodeOfWhatsAppLeavesTheOutcomeOpen(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]bool{"(#131000)": true, "(#131016)": true, "(#131208)": false, "(#4)": false, "(#131041)": false} {
		for _, status := range []int{200, 400, 429} {
			assert.Equal(t, want, Refusal{Code: "ERR-FB-001", Message: message, Status: status}.MayBeDone(), "%s with %d", message, status)
		}
	}
	assert.True(t, Refusal{Code: "InternalError", Message: "(#131208)", Status: 500}.MayBeDone(), "the service itself failed")
}
