package sign

import "testing"

func BenchmarkSign(b *testing.B) {
	for name, sign := range signatures {
		b.Run(name, func(b *testing.B) {
			req, in := signable(b)
			req.URL.RawQuery = "BusinessNumber=8613800000000&CustSpaceId=cams-k001&GroupId=EA939&Page=%7B%22Index%22%3A1%2C%22Size%22%3A20%7D"
			b.ReportAllocs()
			for b.Loop() {
				if err := sign(req, in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
