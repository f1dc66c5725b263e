package cams_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
)

// export stands for your code. It must not lose or repeat a member, even if it is
// stopped. So it saves a page, and then the index of the next one.
func export(ctx context.Context, api cams.ListChatGroupParticipantsAPI, checkpoint *int, save func([]cams.ChatGroupParticipant) error) error {
	pager := cams.NewListChatGroupParticipantsPager(api, &cams.ListChatGroupParticipantsRequest{
		BusinessNumber: "8613800000000", GroupID: "EA939", CustSpaceID: "cams-k001",
		Page: &cams.Page{Size: 20, Index: *checkpoint},
	})
	for page, err := range pager.Pages(ctx) {
		if err != nil {
			return err
		}
		if err := save(page.Data.List); err != nil {
			return err
		}
		*checkpoint = pager.NextIndex() // Page.Index of the pager that resumes
	}
	return nil
}

func TestAnExportGoesOnWhereItStopped(t *testing.T) {
	client := groupOf(57)
	checkpoint, full := 1, errors.New("disk full")
	var saved []cams.ChatGroupParticipant
	save := func(page []cams.ChatGroupParticipant) error {
		if len(saved) == 20 {
			return full
		}
		saved = append(saved, page...)
		return nil
	}
	require.ErrorIs(t, export(t.Context(), client, &checkpoint, save), full)
	assert.Equal(t, 2, checkpoint)

	require.NoError(t, export(t.Context(), client, &checkpoint, func(page []cams.ChatGroupParticipant) error {
		saved = append(saved, page...)
		return nil
	}))
	all, err := cams.Collect(cams.NewListChatGroupParticipantsPager(client, &cams.ListChatGroupParticipantsRequest{
		BusinessNumber: "8613800000000", GroupID: "EA939", CustSpaceID: "cams-k001",
	}).All(t.Context()))
	require.NoError(t, err)
	assert.Len(t, all, 57)
	assert.Equal(t, all, saved)
}
