// Package audit is a small service: it finds the members of a group who are not known
// customers. Its tests in audit_test.go show how to test such a service without an
// account and without a network:
//
//	go test -v ./examples/testing
package audit

import (
	"context"
	"fmt"

	"github.com/cams-go/cams"
)

// Auditor looks for strangers in the groups of a business number.
type Auditor struct {
	API            cams.ListChatGroupParticipantsAPI // a *cams.Client, or a stub in a test
	BusinessNumber string
	CustSpaceID    string
	Known          map[string]bool // the phone numbers of your customers
}

// Strangers returns the members of a group who are not in Known.
func (a *Auditor) Strangers(ctx context.Context, groupID string) ([]string, error) {
	members := cams.NewListChatGroupParticipantsPager(a.API, &cams.ListChatGroupParticipantsRequest{
		BusinessNumber: a.BusinessNumber, CustSpaceID: a.CustSpaceID, GroupID: groupID,
	})
	var strangers []string
	for member, err := range members.All(ctx) {
		if err != nil {
			return nil, fmt.Errorf("audit of group %s: %w", groupID, err)
		}
		if !a.Known[member.ParticipantNumber] {
			strangers = append(strangers, member.ParticipantNumber)
		}
	}
	return strangers, nil
}
