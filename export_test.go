package cams

// NewDialer is what the tests of the package's outside need of its inside.
var NewDialer = newDialer
