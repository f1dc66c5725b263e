// Resume lists all groups of a business number into a file, is killed on the way,
// and resumes. It shows how: write each page together with NextIndex, the number of
// the next page. It needs no account, because it calls a fake service:
//
//	go run ./examples/resume
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
	"github.com/cams-go/cams/examples/internal/console"
)

type page struct { // a line of the file
	Groups []cams.ChatGroup
	Next   int // the number of the next page
}

// list adds the pages that the file does not have yet. All runs use the same page size.
func list(ctx context.Context, api cams.ListChatGroupAPI, file *os.File) error {
	have, err := os.ReadFile(file.Name())
	have = have[:bytes.LastIndexByte(have, '\n')+1] // without a line that a kill cut off
	last := page{Next: 1}
	for line := range bytes.Lines(have) {
		err = errors.Join(err, json.Unmarshal(line, &last))
	}
	_, failed := file.Seek(int64(len(have)), io.SeekStart)
	if err := errors.Join(err, failed, file.Truncate(int64(len(have)))); err != nil {
		return err
	}
	pager := cams.NewListChatGroupPager(api, &cams.ListChatGroupRequest{
		BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", Page: &cams.Page{Index: last.Next, Size: 10},
	})
	for answer, err := range pager.Pages(ctx) {
		if err != nil {
			return err
		}
		if err := json.NewEncoder(file).Encode(page{answer.Data.List, pager.NextIndex()}); err != nil { // one write
			return err
		}
	}
	return nil
}

func main() {
	console.Parse("Lists groups into a file, is killed on the way, and resumes, in a sandbox. It has no flags.")
	file, err := os.CreateTemp("", "groups-*.ndjson")
	if err == nil {
		err = errors.Join(run(context.Background(), os.Stdout, file), file.Close(), os.Remove(file.Name()))
	}
	if err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer, file *os.File) (err error) {
	service := camstest.NewServer()
	for i := range 45 {
		service.AddGroup(camstest.Group{BusinessNumber: "8613800000000", CustSpaceID: "cams-k001", GroupID: fmt.Sprint("EA", i)})
	}
	client, _ := service.NewClient()
	service.AnswerOnce(camstest.Answer{}, camstest.Answer{}, camstest.Answer{Delay: time.Hour}) // page 3 hangs
	killed, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	for number, ctx := range []context.Context{killed, ctx} {
		err = list(ctx, client, file)
		text, _ := os.ReadFile(file.Name())
		fmt.Fprintf(out, "run %d: %d groups, %v\n", number+1, bytes.Count(text, []byte("GroupId")), err)
	}
	return err
}
