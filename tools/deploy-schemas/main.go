// Reads the Compose files, deploy/kubernetes and the files of Envoy by the types of Compose, Kubernetes, the Prometheus
// operator and Envoy: a member that they do not know, or a value that they do not take, is an error.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	bootstrap "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/retry/host/previous_hosts/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"

	"github.com/compose-spec/compose-go/v2/cli"
	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/anypb"
	apps "k8s.io/api/apps/v1"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

var kinds = map[string]func() any{
	"Namespace":             func() any { return &core.Namespace{} },
	"Service":               func() any { return &core.Service{} },
	"ConfigMap":             func() any { return &core.ConfigMap{} },
	"ServiceAccount":        func() any { return &core.ServiceAccount{} },
	"PersistentVolumeClaim": func() any { return &core.PersistentVolumeClaim{} },
	"StatefulSet":           func() any { return &apps.StatefulSet{} },
	"Job":                   func() any { return &batch.Job{} },
	"NetworkPolicy":         func() any { return &networking.NetworkPolicy{} },
	"PodDisruptionBudget":   func() any { return &policy.PodDisruptionBudget{} },
	"ServiceMonitor":        func() any { return &monitoring.ServiceMonitor{} },
}

func main() {
	top := "../.."
	if len(os.Args) > 1 {
		top = os.Args[1]
	}
	failed := false
	at := func(path string) string { return filepath.Join(top, path) }
	for _, check := range []struct {
		what string
		run  func() error
	}{
		{"docker-compose.yml", func() error { return compose(at("docker-compose.yml"), 5) }},
		{"deploy/fronts/docker-compose.yml", func() error { return compose(at("deploy/fronts/docker-compose.yml"), 11) }},
		{"deploy/kubernetes/one", func() error { return kubernetes(at("deploy/kubernetes/one")) }},
		{"deploy/kubernetes/several", func() error { return kubernetes(at("deploy/kubernetes/several")) }},
		{"deploy/kubernetes/several/init", func() error { return kubernetes(at("deploy/kubernetes/several/init")) }},
		{"deploy/envoy/envoy.yaml", func() error { return envoy(at("deploy/envoy/envoy.yaml")) }},
		{"deploy/fronts/envoy.yaml", func() error { return envoy(at("deploy/fronts/envoy.yaml")) }},
	} {
		if err := check.run(); err != nil {
			failed = true
			fmt.Printf("NOT %s: %v\n", check.what, err)
		} else {
			fmt.Printf("ok  %s\n", check.what)
		}
	}
	if failed {
		os.Exit(1)
	}
}

func compose(file string, services int) error {
	options, err := cli.NewProjectOptions([]string{file}, cli.WithProfiles([]string{"watch", "once"}))
	if err != nil {
		return err
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		return err
	}
	if names := project.ServiceNames(); len(names) != services {
		return fmt.Errorf("it has the services %v", names)
	}
	return nil
}

// What `kustomize build` writes, read strictly.
func kubernetes(folder string) error {
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		return err
	}
	for _, resource := range resources.Resources() {
		make, known := kinds[resource.GetKind()]
		if !known {
			return fmt.Errorf("%s is of a kind that is not known here", resource.CurId())
		}
		text, err := resource.AsYAML()
		if err != nil {
			return err
		}
		if err := yaml.UnmarshalStrict(text, make()); err != nil {
			return fmt.Errorf("%s: %w", resource.CurId(), err)
		}
	}
	return nil
}

func envoy(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	json, err := yaml.YAMLToJSON(text)
	if err != nil {
		return err
	}
	config := &bootstrap.Bootstrap{}
	if err := protojson.Unmarshal(json, config); err != nil {
		return err
	}
	if err := config.ValidateAll(); err != nil {
		return err
	}
	return validateWithin(config.ProtoReflect())
}

// What stands in a typed_config is validated by its own rules.
func validateWithin(message protoreflect.Message) error {
	var found error
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		if field.Message() == nil || field.IsMap() {
			return true
		}
		if field.IsList() {
			for at := 0; at < value.List().Len() && found == nil; at++ {
				found = validateOne(value.List().Get(at).Message())
			}
		} else {
			found = validateOne(value.Message())
		}
		return found == nil
	})
	return found
}

func validateOne(message protoreflect.Message) error {
	any, isAny := message.Interface().(*anypb.Any)
	if !isAny {
		return validateWithin(message)
	}
	inner, err := any.UnmarshalNew()
	if err != nil {
		return err
	}
	if rules, has := inner.(interface{ ValidateAll() error }); has {
		if err := rules.ValidateAll(); err != nil {
			return err
		}
	}
	return validateWithin(inner.ProtoReflect())
}
