// Command chain resolves the same credentials as command credentials, past the front door of credentials-go:
// what its other packages cost.
package main

import (
	"fmt"
	"os"

	"github.com/aliyun/credentials-go/credentials/providers"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	found, err := providers.NewDefaultCredentialsProvider().GetCredentials()
	if err != nil {
		return err
	}
	fmt.Println(found.ProviderName)
	return nil
}
