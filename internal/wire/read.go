package wire

import (
	"compress/gzip"
	"errors"
	"io"
)

// ErrTooLarge is returned for a body of more than the maximum.
var ErrTooLarge = errors.New("body exceeds the limit")

// firstBuffer is the buffer's first size where the length is unknown.
const firstBuffer = 4 << 10

// ReadAll reads r to its end, but no more than max bytes. length is what the
// sender declared, negative if nothing; memory is used for bytes that came, not
// for bytes declared. With an error it returns what came before it: for
// [ErrTooLarge] the first max bytes.
func ReadAll(r io.Reader, max int, length int64) ([]byte, error) {
	size := firstBuffer
	if 0 <= length && length < 64<<10 {
		size = int(length) + 1 // one more, to see the end without growing
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

// Unzip returns a reader of what a gzip stream holds. A stream without a byte
// holds nothing.
func Unzip(r io.Reader) io.Reader { return &unzip{from: r} }

// unzip reads gzip's header at the first Read, so that its error is one of reading.
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
