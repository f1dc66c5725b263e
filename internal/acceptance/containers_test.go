package acceptance

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cams-go/cams"
)

// slog asks a value for its LogValue, but not what is inside a slice, a map or a struct: encoding/json and fmt print that,
// and both must show what the service sent. A handler that starts to ask makes this test fail: then change doc.go.
func TestSlogShowsWhatIsInsideASliceAMapOrAStructOfOthers(t *testing.T) {
	t.Parallel()
	member := cams.ChatGroupParticipant{ParticipantNumber: testNumber}
	group := cams.ChatGroup{GroupID: "EA939", BusinessNumber: testNumber}
	roster := cams.Roster{Group: group, Participants: []cams.ChatGroupParticipant{member}}
	req, resp := validRequest(), &cams.ListChatGroupResponse{Data: cams.ListChatGroupData{List: []cams.ChatGroup{group}}}
	for name, tt := range map[string]struct {
		value            any
		inText, inObject bool // whether the number is shown
	}{
		"a member":              {member, false, false},
		"a group":               {group, false, false},
		"a roster":              {roster, false, false},
		"a pointer to a roster": {&roster, false, false},
		"a request":             {req, false, false},
		"a response":            {resp, false, false},
		"its data":              {resp.Data, false, false},
		"members":               {roster.Participants, true, true},
		"groups":                {resp.Data.List, true, true},
		"rosters":               {[]cams.Roster{roster}, true, true},
		"rosters by ID":         {map[string]cams.Roster{"EA939": roster}, true, true},
		"pointers to rosters":   {[]*cams.Roster{&roster}, false, true}, // fmt prints addresses
		"a struct with a request": {struct {
			Request cams.ListChatGroupParticipantsRequest
		}{*req}, true, true},
		"a struct with a pointer to one": {struct {
			Request *cams.ListChatGroupParticipantsRequest
		}{req}, false, true},
	} {
		printed := prints(t, tt.value)
		for form, shown := range map[string]bool{"slog text": tt.inText, "slog JSON": tt.inObject} {
			if shown {
				assert.Contains(t, printed[form], testNumber, "%s in %s", name, form)
			} else {
				assert.NotContains(t, printed[form], testNumber, "%s in %s", name, form)
			}
		}
	}
}
