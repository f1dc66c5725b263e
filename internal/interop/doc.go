// Package interop compares cams with the clients it stands beside: the official Go core
// (github.com/alibabacloud-go/darabonba-openapi), the legacy SDK (github.com/aliyun/alibaba-cloud-sdk-go)
// and plain net/http.
//
// It is a module of its own, so that nobody who imports cams downloads any of them.
//
//	go test ./...                                 parity: the same requests, the same answers
//	go test -run '^$' -bench . -benchtime 1x ./... each benchmark once
//	go run ./cmd/report                           measures, and writes docs/performance.md and the charts
//	go run ./cmd/report -quotas                   measures under quotas only
//	go run ./cmd/report -size-only                prints binary sizes and module counts
package interop
