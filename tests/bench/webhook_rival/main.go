// The webhook as one writes it with Kubernetes' own types: net/http, encoding/json, the review and both of its Nodes
// decoded into structs, as Koordinator and Katalyst do. What ours is compared with. It spares itself what those do
// besides (a diff of two marshalled Nodes to get the patch) and every check that ours makes.
package main

import (
	"encoding/json"
	"flag"
	"io"
	"log"
	"net/http"

	admission "k8s.io/api/admission/v1"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

const rawAnnotation = "node-oversell/raw"

type operation struct {
	Op    string      `json:"op"`
	Path  string      `json:"path"`
	Value interface{} `json:"value"`
}

func amplify(list core.ResourceList, name core.ResourceName, percent int64) *resource.Quantity {
	value, found := list[name]
	if !found {
		return nil
	}
	if name == core.ResourceCPU {
		return resource.NewMilliQuantity(value.MilliValue()*percent/100, value.Format)
	}
	return resource.NewQuantity(value.Value()*percent/100, value.Format)
}

// The real values are the request's when they changed, else the recorded ones.
func realValues(now, stored *core.Node) core.ResourceList {
	recorded, found := stored.Annotations[rawAnnotation]
	var raw core.ResourceList
	if !found || json.Unmarshal([]byte(recorded), &raw) != nil {
		return now.Status.Allocatable
	}
	for _, name := range []core.ResourceName{core.ResourceCPU, core.ResourceMemory} {
		before, after := stored.Status.Allocatable[name], now.Status.Allocatable[name]
		if before.Cmp(after) != 0 {
			return now.Status.Allocatable
		}
	}
	return raw
}

func patchFor(now, stored *core.Node) ([]byte, error) {
	raw := realValues(now, stored)
	recorded, err := json.Marshal(core.ResourceList{
		core.ResourceCPU: raw[core.ResourceCPU], core.ResourceMemory: raw[core.ResourceMemory]})
	if err != nil {
		return nil, err
	}
	var operations []operation
	if now.Annotations == nil {
		operations = append(operations, operation{"add", "/metadata/annotations", map[string]string{}})
	}
	operations = append(operations, operation{"add", "/metadata/annotations/node-oversell~1raw", string(recorded)})
	if cpu := amplify(raw, core.ResourceCPU, 200); cpu != nil {
		operations = append(operations, operation{"add", "/status/allocatable/cpu", cpu})
	}
	if memory := amplify(raw, core.ResourceMemory, 150); memory != nil {
		operations = append(operations, operation{"add", "/status/allocatable/memory", memory})
	}
	return json.Marshal(operations)
}

func mutate(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 7<<20))
	var review admission.AdmissionReview
	if err != nil || json.Unmarshal(body, &review) != nil || review.Request == nil {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	review.Response = &admission.AdmissionResponse{UID: review.Request.UID, Allowed: true}
	var now, stored core.Node
	if json.Unmarshal(review.Request.Object.Raw, &now) == nil &&
		json.Unmarshal(review.Request.OldObject.Raw, &stored) == nil {
		if patch, err := patchFor(&now, &stored); err == nil {
			kind := admission.PatchTypeJSONPatch
			review.Response.Patch, review.Response.PatchType = patch, &kind
		}
	}
	review.Request = nil
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(review)
}

func main() {
	listen := flag.String("listen", "127.0.0.1:9443", "address and port")
	cert := flag.String("tls-cert", "", "certificate")
	key := flag.String("tls-key", "", "key")
	flag.Parse()
	http.HandleFunc("/mutate", mutate)
	log.Fatal(http.ListenAndServeTLS(*listen, *cert, *key, nil))
}
