package acceptance

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
)

// changing is a group of four members, of which one leaves before the second page is read,
// unless it is quiet.
type changing struct{ quiet bool }

func (c *changing) ListChatGroupParticipants(_ context.Context, req *cams.ListChatGroupParticipantsRequest) (*cams.ListChatGroupParticipantsResponse, error) {
	members := []cams.ChatGroupParticipant{{ParticipantNumber: "8613800000001"}, {ParticipantNumber: "8613800000002"},
		{ParticipantNumber: "8613800000003"}, {ParticipantNumber: "8613800000004"}}
	if !c.quiet && req.Page.Index > 1 {
		members = members[1:]
	}
	page := members[2*(req.Page.Index-1):]
	return &cams.ListChatGroupParticipantsResponse{Data: cams.ListChatGroupParticipantsData{
		Total: len(members), List: page[:min(2, len(page))],
	}}, nil
}

func TestHoweverAListIsReadItSaysThatItChanged(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	type pager = cams.ListChatGroupParticipantsPager
	for name, read := range map[string]func(*pager) error{
		"NextPage": func(p *pager) (err error) {
			for p.HasNext() && err == nil {
				_, err = p.NextPage(t.Context())
			}
			return err
		},
		"Pages": func(p *pager) error { _, err := cams.Collect(p.Pages(t.Context())); return err },
		"All":   func(p *pager) error { _, err := cams.Collect(p.All(t.Context())); return err },
	} {
		for _, prefetch := range []int{0, 3} {
			api := new(changing)
			p := cams.NewListChatGroupParticipantsPager(api, validRequest(), cams.WithPageSize(2), cams.WithPrefetch(prefetch))
			assert.False(t, p.Changed(), name)
			require.NoError(t, read(p), name)
			assert.True(t, p.Changed(), name)
			for range p.All(ended) { // reads nothing
			}
			assert.False(t, p.Changed(), "%s: not the latest listing", name)
			if name != "NextPage" { // which reads the list once
				api.quiet = true
				require.NoError(t, read(p), name)
				assert.False(t, p.Changed(), "%s: not the latest listing", name)
			}
		}
	}
	for _, quiet := range []bool{false, true} {
		rosters, err := cams.Collect(cams.Rosters(t.Context(), &changing{quiet}, rosterRequest(), groupsNamed(2, nil), 2, cams.WithPageSize(2)))
		require.NoError(t, err)
		for _, roster := range rosters {
			assert.NotEqual(t, quiet, roster.Changed)
		}
	}
}
