package cams

// What the tests of the package's outside need of its inside.
var (
	NewTransport = newTransport
	NewDialer    = newDialer
)
