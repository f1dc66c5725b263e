// Package interop compares cams with other clients: the official Go core
// (github.com/alibabacloud-go/darabonba-openapi), the legacy SDK (github.com/aliyun/alibaba-cloud-sdk-go)
// and plain net/http.
//
// It is a separate module, so that users of cams do not download them.
//
//	go test ./...                                 tests that requests and answers are the same
//	go test -run '^$' -bench . -benchtime 1x .    runs each benchmark once
//	go run ./cmd/report                           measures, and writes docs/performance.md and the charts
//	go run ./cmd/report -quotas                   measures under quotas only
//	go run ./cmd/report -size-only                prints binary sizes and module counts
package interop
