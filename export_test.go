package cams

import "runtime"

// NewDialer is what the tests of the package's outside need of its inside.
var NewDialer = newDialer

// LiveHeap is how many bytes are in use, for the tests of both sides.
func LiveHeap() int {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return int(stats.HeapAlloc)
}
