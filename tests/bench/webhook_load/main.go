// Posts one review again and again over kept connections, HTTP/1.1 and TLS as the API server does, and prints requests
// per second, p50 and p99, and what the server with --pid spent: CPU time a request and resident memory.
package main

import (
	"bytes"
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

// cpuTicks returns utime and stime of a process in hundredths of a second: fields 14 and 15 of proc(5)'s stat.
func cpuTicks(pid int) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		log.Fatal(err)
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return user + system
}

func resident(pid int) string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for _, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(line, "VmHWM:") {
			return strings.TrimSpace(strings.TrimPrefix(line, "VmHWM:"))
		}
	}
	return "?"
}

func main() {
	url := flag.String("url", "", "where to post")
	file := flag.String("file", "", "the review")
	connections := flag.Int("connections", 8, "connections")
	duration := flag.Duration("duration", 5*time.Second, "how long")
	pid := flag.Int("pid", 0, "the server's process")
	flag.Parse()
	body, err := os.ReadFile(*file)
	if err != nil {
		log.Fatal(err)
	}
	var mutex sync.Mutex
	var all []time.Duration
	var failed int
	var group sync.WaitGroup
	before := cpuTicks(*pid)
	begin := time.Now()
	for i := 0; i < *connections; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			client := http.Client{Transport: &http.Transport{
				TLSClientConfig: &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}}}}
			var times []time.Duration
			bad := 0
			for time.Since(begin) < *duration {
				start := time.Now()
				answer, err := client.Post(*url, "application/json", bytes.NewReader(body))
				if err != nil {
					bad++
					continue
				}
				text, _ := io.ReadAll(answer.Body)
				answer.Body.Close()
				if answer.StatusCode != 200 || !bytes.Contains(text, []byte("JSONPatch")) {
					bad++
				}
				times = append(times, time.Since(start))
			}
			mutex.Lock()
			defer mutex.Unlock()
			all = append(all, times...)
			failed += bad
		}()
	}
	group.Wait()
	took := time.Since(begin)
	spent := cpuTicks(*pid) - before
	if len(all) == 0 {
		log.Fatal("no request was answered")
	}
	sort.Slice(all, func(i, j int) bool { return all[i] < all[j] })
	fmt.Printf("connections %d requests/s %.0f p50 %v p99 %v cpu/request %.0fus resident %s failed %d\n", *connections,
		float64(len(all))/took.Seconds(), all[len(all)/2], all[len(all)*99/100],
		float64(spent)*10000/float64(len(all)), resident(*pid), failed)
}
