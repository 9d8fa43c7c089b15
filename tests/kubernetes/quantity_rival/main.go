// Prints the canonical form of each quantity on standard input, or "invalid" if Kubernetes rejects it.
package main

import (
	"bufio"
	"fmt"
	"os"

	"k8s.io/apimachinery/pkg/api/resource"
)

func main() {
	in := bufio.NewScanner(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	buffer := make([]byte, 0, 64)
	for in.Scan() {
		quantity, err := resource.ParseQuantity(in.Text())
		if err != nil {
			fmt.Fprintln(out, "invalid")
			continue
		}
		// String() would return the text as it was parsed.
		number, suffix := quantity.CanonicalizeBytes(buffer)
		fmt.Fprintf(out, "%s%s\n", number, suffix)
	}
}
