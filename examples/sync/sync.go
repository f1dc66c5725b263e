package main

import (
	"bufio"
	"cmp"
	"context"
	"database/sql"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/examples/internal/console"
	_ "modernc.org/sqlite" // the driver, without C
)

//go:embed open.sql
var openSQL string

//go:embed finish.sql
var finishSQL string

// errChanged is about a list from which somebody may be missing who is still there.
var errChanged = errors.New("the list changes all the time while it is read")

// sync is a run. The tables change at its end, all at once.
func (s settings) sync(ctx context.Context, client *cams.Client, db *sql.DB, stdout, stderr io.Writer) error {
	if err := printEvents(db, stdout); err != nil { // of a run that was killed
		return err
	}
	var failed, err error
	for range 5 {
		failed, err = s.read(ctx, client, db, console.NewProgress(stdout, stderr))
		if !errors.Is(cmp.Or(err, failed), errChanged) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("%w; the tables are as they were: start again within an hour to resume", err)
	}
	if _, err := db.Exec(finishSQL); err != nil {
		return err
	}
	if err := printEvents(db, stdout); err != nil || failed == nil {
		return err
	}
	return fmt.Errorf("%w\nThe members of these groups are as they were; the others are in step", failed)
}

// read stores the groups, and the members of all groups that have not been read yet, by this
// run or by one that was killed. failed is about single groups, err about all.
func (s settings) read(ctx context.Context, client *cams.Client, db *sql.DB, progress *console.Progress) (failed, err error) {
	patience, all := cams.WithPatience(s.patience), &cams.ListChatGroupRequest{BusinessNumber: s.businessNumber, CustSpaceID: s.custSpaceID}
	pager := cams.NewListChatGroupPager(client, all, cams.WithPageSize(100), patience)
	groups, err := cams.Collect(pager.All(ctx))
	if err == nil && pager.Changed() {
		err = errChanged
	}
	if err != nil {
		return nil, err
	}
	unread, err := begin(db, groups)
	if err != nil {
		return nil, err
	}
	each := func(yield func(cams.ChatGroup, error) bool) {
		for i := 0; i < len(unread) && yield(unread[i], nil); i++ {
		}
	}
	defer progress.Clear()
	var failures []error
	done, req := len(groups)-len(unread), &cams.ListChatGroupParticipantsRequest{BusinessNumber: s.businessNumber, CustSpaceID: s.custSpaceID}
	for roster, err := range cams.Rosters(ctx, client, req, each, s.concurrency, patience) {
		if roster.Changed {
			roster.Err = cmp.Or(roster.Err, errChanged)
		}
		if roster.Err != nil { // nothing is concluded from its members
			failures = append(failures, fmt.Errorf("group %s: %w", console.Printable(roster.Group.GroupID), roster.Err))
		} else if err == nil {
			err = add(db, roster)
		}
		if err != nil {
			return nil, err
		}
		done++
		progress.Show("%d of %d groups", done, len(groups))
	}
	return errors.Join(failures...), nil
}

// openDB opens or creates the database. It returns how many runs reached their end. In the
// database of another account, all groups would seem to be gone.
func (s settings) openDB() (db *sql.DB, runs int, err error) {
	for _, name := range []string{s.db, s.db + "-run"} {
		if file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600); err == nil { // it holds phone numbers
			file.Close()
		}
	}
	if db, err = sql.Open("sqlite", s.db); err != nil {
		return nil, 0, err
	}
	db.SetMaxOpenConns(1) // ATTACH and PRAGMA are about a connection
	if _, err = db.Exec(openSQL, s.db+"-run", s.businessNumber, s.custSpaceID); err == nil {
		err = db.QueryRow(`SELECT runs FROM account WHERE business_number = ? AND cust_space_id = ?`, s.businessNumber, s.custSpaceID).Scan(&runs)
	}
	if errors.Is(err, sql.ErrNoRows) {
		err = errors.New("this is the database of another account: choose another -db")
	}
	return db, runs, err
}

// begin stores the list of groups, and returns those whose members are not stored.
func begin(db *sql.DB, groups []cams.ChatGroup) (unread []cams.ChatGroup, err error) {
	text, _ := json.Marshal(groups) // it cannot fail
	_, err = db.Exec(`DELETE FROM run.groups;
		INSERT INTO run.groups SELECT value ->> 'GroupId', value ->> 'Subject', value ->> 'GroupStatus' FROM json_each(?)`, string(text))
	if err == nil {
		err = db.QueryRow(`SELECT json_group_array(json_object('GroupId', id)) FROM run.groups WHERE id NOT IN (SELECT group_id FROM run.rosters)`).Scan(&text)
	}
	if err == nil {
		err = json.Unmarshal(text, &unread)
	}
	return unread, err
}

// add stores the members of a group.
func add(db *sql.DB, roster cams.Roster) error {
	members := [][2]string{}
	for _, p := range roster.Participants {
		members = append(members, [2]string{p.ParticipantNumber, p.Extra})
	}
	text, _ := json.Marshal(members) // it cannot fail
	_, err := db.Exec(`INSERT OR REPLACE INTO run.rosters (group_id, members) VALUES (?, ?)`, roster.Group.GroupID, string(text))
	return err
}

// printEvents prints the events that were not printed. After a kill in between, they come again.
func printEvents(db *sql.DB, stdout io.Writer) error {
	rows, err := db.Query(`SELECT seq, what, group_id, subject, member FROM events WHERE seq > (SELECT printed FROM account) ORDER BY seq`)
	if err != nil {
		return err
	}
	var seq int
	out := bufio.NewWriter(stdout)
	for rows.Next() {
		var what, group, subject, member string
		err = errors.Join(err, rows.Scan(&seq, &what, &group, &subject, &member))
		fmt.Fprintf(out, "%d\t%s\t%s\t%s\t%s\n", seq, what, console.Printable(group), console.Printable(subject), console.Printable(member))
	}
	if err = errors.Join(err, rows.Err(), out.Flush()); err == nil {
		_, err = db.Exec(`UPDATE account SET printed = max(printed, ?)`, seq)
	}
	return err
}
