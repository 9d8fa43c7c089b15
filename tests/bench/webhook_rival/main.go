// The webhook as one writes it in an afternoon: net/http, encoding/json, the whole review decoded into structs. What
// ours is compared with; it does none of the checks that ours does.
package main

import (
	"encoding/base64"
	"encoding/json"
	"flag"
	"io"
	"log"
	"net/http"
	"strconv"
	"strings"
)

type node struct {
	Kind       string          `json:"kind"`
	APIVersion string          `json:"apiVersion"`
	Metadata   metadata        `json:"metadata"`
	Spec       json.RawMessage `json:"spec"`
	Status     status          `json:"status"`
}

type metadata struct {
	Name              string            `json:"name"`
	UID               string            `json:"uid"`
	ResourceVersion   string            `json:"resourceVersion"`
	CreationTimestamp string            `json:"creationTimestamp"`
	Labels            map[string]string `json:"labels"`
	Annotations       map[string]string `json:"annotations"`
	ManagedFields     []map[string]any  `json:"managedFields"`
}

type status struct {
	Capacity    map[string]string `json:"capacity"`
	Allocatable map[string]string `json:"allocatable"`
	Conditions  []condition       `json:"conditions"`
	Addresses   []map[string]any  `json:"addresses"`
	NodeInfo    map[string]string `json:"nodeInfo"`
	Images      []image           `json:"images"`
}

type condition struct {
	Type               string `json:"type"`
	Status             string `json:"status"`
	LastHeartbeatTime  string `json:"lastHeartbeatTime"`
	LastTransitionTime string `json:"lastTransitionTime"`
	Reason             string `json:"reason"`
	Message            string `json:"message"`
}

type image struct {
	Names     []string `json:"names"`
	SizeBytes int64    `json:"sizeBytes"`
}

type review struct {
	Kind       string `json:"kind"`
	APIVersion string `json:"apiVersion"`
	Request    *struct {
		UID       string `json:"uid"`
		Object    node   `json:"object"`
		OldObject node   `json:"oldObject"`
	} `json:"request,omitempty"`
	Response *response `json:"response,omitempty"`
}

type response struct {
	UID       string `json:"uid"`
	Allowed   bool   `json:"allowed"`
	PatchType string `json:"patchType,omitempty"`
	Patch     string `json:"patch,omitempty"`
}

type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value string `json:"value"`
}

func mutate(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var in review
	if err != nil || json.Unmarshal(body, &in) != nil || in.Request == nil {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	var operations []operation
	allocatable := in.Request.Object.Status.Allocatable
	if cpu, err := strconv.ParseFloat(allocatable["cpu"], 64); err == nil {
		operations = append(operations, operation{"replace", "/status/allocatable/cpu", strconv.Itoa(int(cpu * 2))})
	}
	if memory, err := strconv.ParseFloat(strings.TrimSuffix(allocatable["memory"], "Ki"), 64); err == nil {
		operations = append(operations,
			operation{"replace", "/status/allocatable/memory", strconv.Itoa(int(memory*1.5)) + "Ki"})
	}
	patch, _ := json.Marshal(operations)
	answer, _ := json.Marshal(review{Kind: in.Kind, APIVersion: in.APIVersion, Response: &response{
		UID: in.Request.UID, Allowed: true, PatchType: "JSONPatch", Patch: base64.StdEncoding.EncodeToString(patch)}})
	w.Header().Set("Content-Type", "application/json")
	w.Write(answer)
}

func main() {
	listen := flag.String("listen", "127.0.0.1:9443", "address and port")
	cert := flag.String("tls-cert", "", "certificate")
	key := flag.String("tls-key", "", "key")
	flag.Parse()
	http.HandleFunc("/mutate", mutate)
	log.Fatal(http.ListenAndServeTLS(*listen, *cert, *key, nil))
}
