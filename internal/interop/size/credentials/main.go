// Command credentials only resolves credentials. It shows the size of a program that makes no call.
package main

import (
	"fmt"
	"os"

	"github.com/aliyun/credentials-go/credentials"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	chain, err := credentials.NewCredential(nil)
	if err != nil {
		return err
	}
	model, err := chain.GetCredential()
	if err != nil {
		return err
	}
	fmt.Println(*model.Type)
	return nil
}
