package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/cams-go/cams"
)

// config is the parsed command line.
type config struct {
	request          cams.ListChatGroupParticipantsRequest
	region, endpoint string
	prefetch         int
	format           string
	timeout          time.Duration
	verbose, sandbox bool
	version          bool
}

// newFlagSet declares the flags: their names, defaults and help.
func newFlagSet() (*flag.FlagSet, *config) {
	cfg := &config{request: cams.ListChatGroupParticipantsRequest{Page: new(cams.Page)}}
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard) // run prints errors and help
	fs.StringVar(&cfg.request.BusinessNumber, "business-number", "", "the business phone `number`")
	fs.StringVar(&cfg.request.GroupID, "group-id", "", "the group's `ID`")
	fs.StringVar(&cfg.request.CustSpaceID, "cust-space-id", "", "your instance `ID`, or the SpaceId of an ISV's customer")
	fs.StringVar((*string)(&cfg.request.ChannelType), "channel-type", "", "the group's `channel`; the service knows WHATSAPP")
	fs.StringVar(&cfg.region, "region", "", "the service's `region` (default $ALIBABA_CLOUD_REGION_ID, else ap-southeast-1)")
	fs.StringVar(&cfg.endpoint, "endpoint", "", "`host`, host:port or URL to call instead of the region's; http:// for a loopback host only")
	fs.IntVar(&cfg.request.Page.Size, "page-size", 20, "ask for `n` members a page; the service may send fewer; the sandbox begins with 3")
	fs.IntVar(&cfg.request.Page.Index, "page-index", 1, "start at page `n`, counted from 1")
	fs.IntVar(&cfg.prefetch, "prefetch", 0, "fetch up to `n` pages ahead of the one that is printed")
	fs.StringVar(&cfg.format, "format", "table", "how to print members: `table`, json (one object a line) or csv")
	fs.DurationVar(&cfg.timeout, "timeout", time.Minute, "the longest `time` for the whole listing, such as 90s or 5m")
	fs.BoolVar(&cfg.verbose, "v", false, "log each attempt to stderr: status, request ID, duration, retries")
	fs.BoolVar(&cfg.sandbox, "sandbox", false, "list the demo group in the embedded sandbox, even with flags for the real service;\nthe demo group then has the identifiers that you give")
	fs.BoolVar(&cfg.version, "version", false, "print the version and exit")
	return fs, cfg
}

// parseFlags parses the command line and refuses values that cannot work.
func parseFlags(args []string) (*config, error) {
	fs, cfg := newFlagSet()
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	given := make(map[string]bool)
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	var missing []string
	for _, required := range []string{"business-number", "group-id", "cust-space-id"} {
		if fs.Lookup(required).Value.String() == "" {
			missing = append(missing, "-"+required)
		}
	}
	realService := given["business-number"] || given["group-id"] || given["cust-space-id"] ||
		given["endpoint"] || given["region"] || given["sandbox"] // -sandbox=false
	cfg.sandbox = cfg.sandbox || !realService

	switch {
	case fs.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q: the program takes only flags", fs.Arg(0))
	case !cfg.sandbox && len(missing) > 0:
		return nil, errors.New("missing for the real service: " + strings.Join(missing, ", "))
	case cfg.request.Page.Size < 1:
		return nil, errors.New("-page-size must be 1 or more")
	case cfg.request.Page.Index < 1:
		return nil, errors.New("-page-index must be 1 or more")
	case cfg.prefetch < 0:
		return nil, errors.New("-prefetch must not be negative")
	case formats[cfg.format] == nil:
		return nil, fmt.Errorf("-format %q is unknown: use table, json or csv", cfg.format)
	case cfg.timeout <= 0:
		return nil, errors.New("-timeout must be more than 0")
	}
	if cfg.sandbox {
		cfg.region, cfg.endpoint = "", ""
		if !given["page-size"] {
			cfg.request.Page.Size = demoPageSize
		}
	}
	return cfg, nil
}

func printHelp(w io.Writer) {
	fmt.Fprint(w, `List the members of an IM (WhatsApp) group of Alibaba Cloud's Chat App Message Service.

With -business-number, -group-id and -cust-space-id it calls the real service. Credentials come
from the default chain, for instance from the variables ALIBABA_CLOUD_ACCESS_KEY_ID,
ALIBABA_CLOUD_ACCESS_KEY_SECRET and, if they are temporary, ALIBABA_CLOUD_SECURITY_TOKEN, from
~/.alibabacloud/credentials, or from an instance role. They need the RAM action
cams:ListChatGroupParticipants.

Without these flags, -region and -endpoint, it lists a demo group in an embedded sandbox: a fake
of the service on a loopback port. That needs no account and no network.

Only members go to stdout, each page as soon as it is there. Everything else goes to stderr. After
an interrupt (Ctrl-C) or a failure, stdout holds whole pages, and stderr names the page to resume
from. A resumed table or csv begins with the header again.

Examples:

  list-participants                               the demo group
  list-participants -format json | head -3        its first three members, for a program
  list-participants -business-number 8613800000000 -group-id EA939 -cust-space-id cams-k1 -format csv >members.csv
  list-participants ... -page-size 100 -prefetch 3    three more pages while one is printed
  list-participants ... -page-index 3                 resume at page 3; use the same -page-size
  list-participants ... -sandbox                      try this command line in the sandbox

Exit codes: 0 done, 1 the call failed, 2 wrong usage (nothing was sent), 130 interrupted.

Flags:

`)
	fs, _ := newFlagSet()
	fs.SetOutput(w)
	fs.PrintDefaults()
}
