package cams_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
)

// groupOf returns the client of a fake service whose group EA939 has n members.
func groupOf(n int) *cams.Client {
	server := camstest.NewServer()
	group := camstest.Group{BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: "EA939"}
	for i := range n {
		group.Participants = append(group.Participants, fmt.Sprintf("86138%08d", i+1))
	}
	server.AddGroup(group)
	client, err := server.NewClient()
	if err != nil {
		panic(err)
	}
	return client
}

// All yields the members of all pages.
func ExamplePager_All() {
	client := groupOf(5)
	pager := cams.NewListChatGroupParticipantsPager(client, &cams.ListChatGroupParticipantsRequest{
		BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: "EA939",
	}, cams.WithPageSize(2))

	for participant, err := range pager.All(context.Background()) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(participant.ParticipantNumber)
	}
	// Output:
	// 8613800000001
	// 8613800000002
	// 8613800000003
	// 8613800000004
	// 8613800000005
}

// With prefetch the client fetches several pages at the same time. It yields them in
// order.
func ExamplePager_Pages() {
	client := groupOf(250)
	pager := cams.NewListChatGroupParticipantsPager(client, &cams.ListChatGroupParticipantsRequest{
		BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: "EA939",
	}, cams.WithPageSize(100), cams.WithPrefetch(4))

	for page, err := range pager.Pages(context.Background()) {
		if err != nil {
			fmt.Println(err)
			return
		}
		list := page.Data.List
		fmt.Println(len(list), "of", page.Data.Total, "from", list[0].ParticipantNumber)
	}
	// Output:
	// 100 of 250 from 8613800000001
	// 100 of 250 from 8613800000101
	// 50 of 250 from 8613800000201
}

// HasNext and NextPage list page by page, each page when the caller asks for it.
func ExamplePager_NextPage() {
	client := groupOf(5)
	pager := cams.NewListChatGroupParticipantsPager(client, &cams.ListChatGroupParticipantsRequest{
		BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: "EA939",
	}, cams.WithPageSize(2))

	for pager.HasNext() {
		page, err := pager.NextPage(context.Background())
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(len(page.Data.List))
	}
	// Output:
	// 2
	// 2
	// 1
}

// Another process can resume a listing, with the index that NextIndex returned and the
// same page size.
func ExamplePager_NextIndex() {
	client := groupOf(5)
	list := func(ctx context.Context, fromPage, members int) (nextPage int) {
		pager := cams.NewListChatGroupParticipantsPager(client, &cams.ListChatGroupParticipantsRequest{
			BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: "EA939",
			Page: &cams.Page{Size: 2, Index: fromPage},
		})
		for participant, err := range pager.All(ctx) {
			if err != nil {
				fmt.Println(err)
				break
			}
			fmt.Println(participant.ParticipantNumber)
			if members--; members == 0 {
				break
			}
		}
		return pager.NextIndex()
	}

	next := list(context.Background(), 1, 4)
	fmt.Println("to be continued at page", next)
	list(context.Background(), next, 4)
	// Output:
	// 8613800000001
	// 8613800000002
	// 8613800000003
	// 8613800000004
	// to be continued at page 3
	// 8613800000005
}

// Collect returns all members as a slice.
func ExampleCollect() {
	client := groupOf(45)
	pager := cams.NewListChatGroupParticipantsPager(client, &cams.ListChatGroupParticipantsRequest{
		BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: "EA939",
	})

	participants, err := cams.Collect(pager.All(context.Background()))
	fmt.Println(len(participants), err)
	// Output: 45 <nil>
}

// printRosters prints how many members each group of a business number has.
func printRosters(ctx context.Context, client *cams.Client, businessNumber, custSpaceID string) error {
	groups := cams.NewListChatGroupPager(client, &cams.ListChatGroupRequest{
		BusinessNumber: businessNumber, CustSpaceID: custSpaceID,
	}, cams.WithPatience(5*time.Minute))
	req := &cams.ListChatGroupParticipantsRequest{BusinessNumber: businessNumber, CustSpaceID: custSpaceID}
	for roster, err := range cams.Rosters(ctx, client, req, groups.All(ctx), 16) {
		if err != nil {
			return err
		}
		fmt.Println(roster.Group.Subject, len(roster.Participants), roster.Err)
	}
	return nil
}

// This lists the members of all groups of a business number.
func ExampleRosters() {
	server, client := demo()
	server.AddGroup(camstest.Group{
		BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: "EA940", Subject: "Friends",
		Participants: []string{"8613800000004"},
	})
	if err := printRosters(context.Background(), client, "8613800000000", "cams-k001"); err != nil {
		fmt.Println(err)
	}
	// Output:
	// Book club 3 <nil>
	// Friends 1 <nil>
}

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
