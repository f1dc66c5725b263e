package wire

import (
	"compress/gzip"
	"errors"
	"io"
)

// ErrTooLarge is returned for a body that is larger than the maximum.
var ErrTooLarge = errors.New("body exceeds the limit")

// firstBuffer is the initial size of the buffer if the length is unknown.
const firstBuffer = 4 << 10

// ReadAll reads r to its end, at most max bytes. length is the declared length, negative
// if there is none. Memory grows with the bytes received, whatever the declared length
// is. With an error it returns what it has read so far, for [ErrTooLarge] the first max
// bytes.
func ReadAll(r io.Reader, max int, length int64) ([]byte, error) {
	size := firstBuffer
	if 0 <= length && length < 64<<10 {
		size = int(length) + 1 // one more, to reach the end without growing
	}
	body := make([]byte, 0, min(size, max+1))
	for {
		n, err := r.Read(body[len(body):min(cap(body), max+1)])
		body = body[:len(body)+n]
		if len(body) > max {
			return body[:max], ErrTooLarge
		}
		if err == io.EOF {
			return body, nil
		}
		if err != nil {
			return body, err
		}
		if len(body) == cap(body) {
			body = append(body, 0)[:len(body)] // grows as append does
		}
	}
}

// Unzip returns a reader that decompresses gzip. An empty stream reads as empty.
func Unzip(r io.Reader) io.Reader { return &unzip{from: r} }

// unzip reads the gzip header at the first Read, so that Read returns its error.
type unzip struct {
	from io.Reader
	zip  *gzip.Reader
	err  error
}

func (u *unzip) Read(p []byte) (int, error) {
	if u.zip == nil && u.err == nil {
		u.zip, u.err = gzip.NewReader(u.from)
	}
	if u.err != nil {
		return 0, u.err
	}
	return u.zip.Read(p)
}
