// Command chain resolves the same credentials as command credentials, but without NewCredential of
// credentials-go. It shows the size of that module's other packages.
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
