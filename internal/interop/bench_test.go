package interop

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cams-go/cams"
	"github.com/stretchr/testify/require"
)

// BenchmarkCall measures one call, from the arguments to the decoded answer. The clients are the innermost
// loop: they run one after the other, so that a slow minute of the machine slows all of them.
func BenchmarkCall(b *testing.B) {
	withoutProxies(b)
	for _, over := range []string{"memory", "loopback"} {
		for _, members := range []int{8, 100, 1000} {
			for _, mode := range []string{"sequential", "parallel"} {
				for _, peer := range peers {
					b.Run(fmt.Sprintf("%s/%d/%s/%s", over, members, mode, peer.name), func(b *testing.B) {
						to, opened := serve(b, over, group(members))
						call := dial(b, peer.dial, to, members)
						b.ReportAllocs()
						if mode == "sequential" {
							sequential(b, call)
						} else {
							share(b, call, goroutines) // the first connection of each
							before := opened.Load()
							b.ResetTimer()
							share(b, call, b.N)
							b.StopTimer()
							b.ReportMetric(float64(opened.Load()-before), "conns")
						}
					})
				}
			}
		}
	}
}

// BenchmarkRatio lets two clients take turns of a few milliseconds, and reports the median of their ratio of
// time. Other load on the machine slows both alike. Between two benchmarks that load may change by more than
// the clients differ.
func BenchmarkRatio(b *testing.B) {
	withoutProxies(b)
	for _, pair := range []struct {
		over      string
		members   int
		name      string
		one, than func(target) (call, error)
	}{
		{"memory", 8, "cams/signed", dialCams, dialSigned},
		{"memory", 8, "cams/bare", dialCams, dialBare},
		{"memory", 8, "unsigned/bare", dialUnsigned, dialBare},
		{"memory", 8, "official/cams", dialOfficial, dialCams},
		{"memory", 1000, "cams/signed", dialCams, dialSigned},
		{"loopback", 8, "cams/signed", dialCams, dialSigned},
	} {
		b.Run(fmt.Sprintf("%s/%d/%s", pair.over, pair.members, pair.name), func(b *testing.B) {
			to, _ := serve(b, pair.over, group(pair.members))
			one, than := dial(b, pair.one, to, pair.members), dial(b, pair.than, to, pair.members)
			var ratios []float64
			for b.Loop() {
				ratios = append(ratios, ratio(b, one, than), 1/ratio(b, than, one)) // each client goes first once
			}
			slices.Sort(ratios)
			half := len(ratios) / 2 // of an even number
			b.ReportMetric((ratios[half-1]+ratios[half])/2, "ratio")
		})
	}
}

// ratio returns the time of a call of one client divided by that of the other, in one turn of each.
func ratio(b *testing.B, first, second call) float64 {
	took := turn(b, first)
	return took / turn(b, second)
}

// turn makes calls for two milliseconds, but at least ten, and returns the time of one call. Ten, because the
// first ones are slow: the processor's caches still hold the other client's code.
func turn(b *testing.B, call call) float64 {
	start, calls := time.Now(), 0
	for calls < 10 || time.Since(start) < 2*time.Millisecond {
		if _, err := call(); err != nil {
			b.Fatal(err)
		}
		calls++
	}
	return float64(time.Since(start)) / float64(calls)
}

// dial makes a client and its first call, and returns the function that makes the next ones. So connections
// and caches exist before the measurement starts.
func dial(b *testing.B, dial func(target) (call, error), to target, members int) call {
	call, err := dial(to)
	require.NoError(b, err)
	got, err := call()
	require.NoError(b, err)
	require.Equal(b, members, got)
	return call
}

func sequential(b *testing.B, call call) {
	for b.Loop() {
		if _, err := call(); err != nil {
			b.Fatal(err)
		}
	}
}

// share makes n calls, shared among the goroutines. b.Loop is only for one goroutine.
func share(b *testing.B, call call, calls int) {
	var next atomic.Int64
	var workers sync.WaitGroup
	for range goroutines {
		workers.Go(func() {
			for next.Add(1) <= int64(calls) {
				if _, err := call(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	workers.Wait()
}

// BenchmarkSign measures only the signing of a complete request.
func BenchmarkSign(b *testing.B) {
	const query = "BusinessNumber=8613800000000&ChannelType=WHATSAPP&CustSpaceId=cams-k001&GroupId=EA939xyz&Page=%7B%22Index%22%3A1%2C%22Size%22%3A20%7D"
	in := cams.SigningInput{
		Action:      "ListChatGroupParticipants",
		Version:     "2020-06-06",
		Credentials: cams.Credentials{AccessKeyID: accessKeyID, AccessKeySecret: accessKeySecret},
		Time:        time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC),
		Nonce:       "3156853299f313e23d1673dc12e1703d",
	}
	signers := []struct {
		name   string
		signer cams.Signer
	}{
		{"acs3", cams.ACS3Signer{}},
		{"rpc", cams.RPCSigner{}},
	}
	for _, s := range signers {
		b.Run(s.name, func(b *testing.B) {
			req, err := http.NewRequest(http.MethodPost, "https://"+host+"/?"+query, nil)
			require.NoError(b, err)
			b.ReportAllocs()
			for b.Loop() {
				req.URL.RawQuery = query
				if err := s.signer.Sign(req, in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// serve starts a service. It returns its address, and a function that counts the connections opened so far.
func serve(b *testing.B, over string, group *answer) (target, *atomic.Int64) {
	opened := new(atomic.Int64)
	if over == "memory" {
		return target{"https", host, group}, opened
	}
	length := strconv.Itoa(len(group.body))
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for name, values := range group.header {
			w.Header()[name] = values
		}
		w.Header().Set("Content-Length", length)
		w.Write(group.body)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	b.Cleanup(server.Close)
	return target{"http", server.Listener.Addr().String(), nil}, opened
}

// group returns the service's answer for a group with n members.
func group(members int) *answer {
	var body strings.Builder
	fmt.Fprintf(&body, `{"AccessDeniedDetail":"None","Message":"None","RequestId":"90E63D28-E31D-1EB2-8939-A94866411B2O","Data":{"Total":%d,"List":[`, members)
	for i := range members {
		if i > 0 {
			body.WriteByte(',')
		}
		fmt.Fprintf(&body, `{"ParticipantNumber":"86138%08d"}`, i)
	}
	body.WriteString(`]},"Code":"OK","Success":true}`)
	a := gateway(http.StatusOK, body.String(), "x-acs-request-id: 90E63D28-E31D-1EB2-8939-A94866411B2O")
	return &a
}

// withoutProxies removes proxies from the environment, because the official clients use them even for
// loopback calls.
func withoutProxies(b *testing.B) {
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"} {
		b.Setenv(name, "")
	}
}
