// Credentials gets temporary keys from a vault. The method vault.Credentials shows
// how. It sets Expires, so the client keeps a key, and asks for the next one shortly
// before the key expires. The program needs no account, because it calls a fake
// service:
//
//	go run ./examples/credentials
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/cams-go/cams"
	"github.com/cams-go/cams/camstest"
	"github.com/cams-go/cams/examples/internal/console"
)

func main() {
	console.Parse("Gets temporary keys from a vault, in a sandbox that accepts them. It has no flags.")
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// vault stands for the place where you keep your keys.
type vault struct {
	service *camstest.Server // accepts the keys
	out     io.Writer
	asked   int
}

// Credentials implements cams.CredentialsProvider. A client calls it from only one
// goroutine at a time, even if many calls wait for it.
func (v *vault) Credentials(ctx context.Context) (cams.Credentials, error) {
	v.asked++
	key := cams.Credentials{
		AccessKeyID:     fmt.Sprint("STS.key-number-", v.asked),
		AccessKeySecret: "secret",
		SecurityToken:   "token",
		Expires:         time.Now().Add(time.Second), // a real key often lives for an hour
	}
	v.service.AddAccessKey(key.AccessKeyID, key.AccessKeySecret, key.SecurityToken)
	fmt.Fprintf(v.out, "  the vault gives key %d: %v\n", v.asked, key) // printed credentials show no secret
	return key, nil
}

func run(ctx context.Context, out io.Writer) error {
	service := camstest.NewServer()
	client, err := service.NewClient(cams.WithCredentials(&vault{service: service, out: out}))
	if err != nil {
		return err
	}
	steps := []struct {
		what   string
		before func()
	}{
		{"the first call", func() {}},
		{"the next call has the key already", func() {}},
		{"the key is near its end", func() { time.Sleep(950 * time.Millisecond) }},
		{"the service refuses the key early: the client asks the vault and repeats the call", func() {
			service.AnswerOnce(camstest.Refusal(403, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired."))
		}},
	}
	for _, step := range steps {
		step.before()
		fmt.Fprintln(out, step.what)
		groups := cams.NewListChatGroupPager(client, &cams.ListChatGroupRequest{BusinessNumber: "8613800000000", CustSpaceID: "cams-k001"})
		if _, err := cams.Collect(groups.All(ctx)); err != nil {
			return err
		}
	}
	return nil
}
