package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/cams-go/cams"
)

const (
	toStdout   = "-" // of -out
	fromStdin  = "-" // of -groups
	defaultOut = "members.ndjson"
)

// config is what the command line says.
type config struct {
	request          cams.ListChatGroupParticipantsRequest // less its group
	region, endpoint string
	groups, out      string
	rate             float64 // requests a second
	workers          int
	verbose, sandbox bool
}

// usageError is what the user has to change. Nothing has been done then.
type usageError string

func (e usageError) Error() string { return string(e) }

// newFlagSet declares the flags: their names, defaults and help.
func newFlagSet() (*flag.FlagSet, *config) {
	cfg := &config{request: cams.ListChatGroupParticipantsRequest{Page: &cams.Page{Index: 1}}}
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard) // run prints errors and help
	fs.StringVar(&cfg.request.BusinessNumber, "business-number", "", "the business phone `number` of all the groups")
	fs.StringVar(&cfg.request.CustSpaceID, "cust-space-id", "", "your instance `ID`, or the SpaceId of an ISV's customer")
	fs.StringVar((*string)(&cfg.request.ChannelType), "channel-type", "", "the groups' `channel`; the service knows WHATSAPP")
	fs.StringVar(&cfg.groups, "groups", "", "the `file` with the group IDs, - for stdin")
	fs.StringVar(&cfg.out, "out", "", "the `file` to write, - for stdout (default "+defaultOut+";\nin the sandbox such a file in a new temporary directory)")
	fs.Float64Var(&cfg.rate, "rate", 5, "send up to `n` requests a second, retries included (in the sandbox 50)")
	fs.IntVar(&cfg.workers, "workers", 4, "export `n` groups at once")
	fs.IntVar(&cfg.request.Page.Size, "page-size", 20, "ask for `n` members a page; the service may send fewer")
	fs.StringVar(&cfg.region, "region", "", "the service's `region` (default $ALIBABA_CLOUD_REGION_ID, else ap-southeast-1)")
	fs.StringVar(&cfg.endpoint, "endpoint", "", "`host`, host:port or URL to call instead of the region's; http:// for a loopback host only")
	fs.BoolVar(&cfg.verbose, "v", false, "log each attempt to stderr: status, request ID, duration, retries")
	fs.BoolVar(&cfg.sandbox, "sandbox", false, "export from the embedded sandbox whatever else is given;\nit then has the groups that are given, with members of its own")
	return fs, cfg
}

// parseFlags reads the command line and refuses what cannot work.
func parseFlags(args []string) (*config, error) {
	fs, cfg := newFlagSet()
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	given := make(map[string]bool)
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	var missing []string
	for _, required := range []string{"business-number", "cust-space-id", "groups"} {
		if fs.Lookup(required).Value.String() == "" {
			missing = append(missing, "-"+required)
		}
	}
	realService := given["business-number"] || given["cust-space-id"] || given["groups"] ||
		given["endpoint"] || given["region"] || given["sandbox"] // -sandbox=false
	cfg.sandbox = cfg.sandbox || !realService

	switch {
	case fs.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q: there are only flags", fs.Arg(0))
	case !cfg.sandbox && len(missing) > 0:
		return nil, errors.New("missing for the real service: " + strings.Join(missing, ", "))
	case cfg.request.Page.Size < 1:
		return nil, errors.New("-page-size must be 1 or more")
	case cfg.workers < 1:
		return nil, errors.New("-workers must be 1 or more")
	case !(cfg.rate > 0): // nor NaN
		return nil, errors.New("-rate must be more than 0")
	}
	if cfg.sandbox {
		cfg.region, cfg.endpoint = "", ""
		if !given["rate"] {
			cfg.rate = 50
		}
	} else if cfg.out == "" {
		cfg.out = defaultOut
	}
	// A request is signed before it waits, and the service takes no old ones.
	if float64(cfg.workers) > 60*cfg.rate {
		return nil, errors.New("-workers must not be more than -rate allows requests a minute: they would only wait")
	}
	return cfg, nil
}

func printHelp(w io.Writer) {
	fmt.Fprint(w, `Export the members of many IM (WhatsApp) groups of Alibaba Cloud's Chat App Message Service.

With -business-number, -cust-space-id and -groups it calls the real service. Credentials come
from the default chain: for instance the variables ALIBABA_CLOUD_ACCESS_KEY_ID,
ALIBABA_CLOUD_ACCESS_KEY_SECRET and, if they are temporary, ALIBABA_CLOUD_SECURITY_TOKEN, or
~/.alibabacloud/credentials, or an instance role. They need the RAM action
cams:ListChatGroupParticipants.

With none of those flags, nor -region or -endpoint, it exports 20 demo groups from an embedded
sandbox: a fake of the service on a loopback port. That needs no account and no network.

The file of -groups has a group ID on each line. Blank lines and lines that begin with # are
skipped; an ID that comes twice is exported once.

-out gets one JSON object a line and member:

  {"GroupId":"EA939...","ParticipantNumber":"861382..."}

Groups come in any order, pages of several may alternate; the members of one group keep theirs.

Resuming: next to the output is a checkpoint, OUT.checkpoint, with a line for each page that is
safely on disk. After a kill, a crash, an interrupt (Ctrl-C) or failed groups, the same command
again goes on where it stopped: it drops what the output has beyond the checkpoint, skips groups
that are done, and neither loses nor repeats a member. Groups may be added to the list. The
business number, space, channel and page size must stay, else pages would not mean the same. To
export anew, choose another -out or delete both files; an output without its checkpoint is never
overwritten. A second process on the same output is refused for as long as the first one lives.
Both files hold phone numbers, and are created for you alone to read. With -out - there is no
checkpoint, and no resuming.

The service has page numbers but no snapshot: members who join or leave a group while it is
listed, or between a stop and its resumption, can shift its pages, so that a member is missed or
comes twice. A group whose members do not add up to the service's own count is named on stderr.

Sibling operations of the service allow 5 to 50 requests a second; -rate keeps below that, and
what is throttled nevertheless is repeated. A group that fails does not stop the others: it is
named at the end, with the request ID.

Examples:

  export-groups                                   20 demo groups
  export-groups -sandbox -out demo.ndjson -rate 5      interrupt or kill it, and start it again
  export-groups -business-number 8613800000000 -cust-space-id cams-k1 -groups groups.txt
  list-my-groups | export-groups ... -groups - -out -  in a pipe, without resuming
  export-groups ... -rate 40 -workers 16 -page-size 100     many or large groups
  export-groups ... -sandbox -out rehearsal.ndjson     rehearse the same command line

Exit codes: 0 done, 1 a group or the output failed, 2 wrong usage (nothing was sent and no file
changed), 130 interrupted.

Flags:

`)
	fs, _ := newFlagSet()
	fs.SetOutput(w)
	fs.PrintDefaults()
}
