// Package provider finds credentials where the default chain of credentials-go looks for
// them, and says which errors of that library may pass.
package provider

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aliyun/credentials-go/credentials/providers"

	"github.com/cams-go/cams/internal/redact"
)

// Chain searches the sources of credentials-go's default chain, in the same order, and
// uses the first one that is configured. It is not safe for concurrent use.
type Chain struct {
	Check func(Keys) error // reports whether keys cannot sign a request

	used       *source // nil means that the search has yet to find one
	onInstance bool    // the metadata service has returned credentials before
}

// source is a source of credentials that is configured.
type source struct {
	name     string // for error texts
	provider providers.CredentialsProvider
	absent   func(error) bool // reports whether an error means that the source has nothing; nil means never
}

const instanceRole = "the role of this ECS instance"

// Fetch asks the source in use, or searches for one. If the source returns a pair that
// the service has refused, it searches again; rejected is nil if none was refused.
func (c *Chain) Fetch(rejected func(Keys) bool) (Keys, error) {
	for {
		used := c.used
		c.used = nil // after any failure below, even a panic, the next fetch searches again
		fresh := used == nil
		var keys Keys
		var err error
		if fresh {
			used, keys, err = c.find()
		} else {
			keys, err = c.ask(used)
		}
		if err != nil {
			return Keys{}, err
		}
		if !fresh && rejected != nil && rejected(keys) {
			continue // the source returned the credentials that the service refused
		}
		c.used = used
		return keys, nil
	}
}

// find asks the first source that is configured.
func (c *Chain) find() (*source, Keys, error) {
	for _, look := range []func() (*source, error){
		fromEnvironment, fromOIDC, fromCLI, fromFile, fromNowhere, c.fromInstance, fromURI,
	} {
		found, err := look()
		if err != nil {
			return nil, Keys{}, err
		}
		if found == nil {
			continue
		}
		keys, err := c.ask(found)
		if err != nil && found.absent != nil && found.absent(err) {
			continue
		}
		c.onInstance = c.onInstance || err == nil && found.name == instanceRole
		return found, keys, err
	}
	// Kept short: with the operation before it, it fills two lines of a terminal.
	return nil, Keys{}, errors.New("set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET (no CLI profile, file or role)")
}

// ask asks a source. Its errors name it.
func (c *Chain) ask(s *source) (Keys, error) {
	found, err := s.provider.GetCredentials()
	if err != nil {
		return Keys{}, fmt.Errorf("%s: %w", s.name, OfLibrary(err))
	}
	keys := Keys{AccessKeyID: found.AccessKeyId, AccessKeySecret: found.AccessKeySecret, SecurityToken: found.SecurityToken}
	if err := c.Check(keys); err != nil {
		return Keys{}, redact.NewError(s.name+": "+strings.TrimPrefix(err.Error(), "cams: "), err)
	}
	return keys, nil
}

// newSource returns a source for the result of a credentials-go builder.
func newSource(name string, provider providers.CredentialsProvider, err error) (*source, error) {
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &source{name: name, provider: provider}, nil
}
