// Command check builds the manifests as kustomize does and reads them as the
// Kubernetes API does, strictly: an unknown field, a wrong type or a name that leads
// nowhere is an error. It is a module of its own, so that the gateway doesn't depend on
// Kubernetes.
package main

import (
	"fmt"
	"os"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

func main() {
	if err := check(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "the manifests:", err)
		os.Exit(1)
	}
}

// manifests are what the folder builds, by kind.
type manifests struct {
	namespace corev1.Namespace
	account   corev1.ServiceAccount
	config    corev1.ConfigMap
	secret    corev1.Secret
	set       appsv1.StatefulSet
	services  []corev1.Service
	policy    networkingv1.NetworkPolicy
}

func check(dir string) error {
	m, err := read(dir)
	if err != nil {
		return err
	}
	pod := m.set.Spec.Template
	if n := m.set.Spec.Replicas; n == nil || *n != 1 {
		return fmt.Errorf("a store has one process, and the StatefulSet has not 1 replica")
	}
	if pod.Spec.ServiceAccountName != m.account.Name {
		return fmt.Errorf("there is no service account %s", pod.Spec.ServiceAccountName)
	}
	container := pod.Spec.Containers[0]
	for _, from := range container.EnvFrom {
		if from.SecretRef.Name != m.secret.Name {
			return fmt.Errorf("there is no secret %s", from.SecretRef.Name)
		}
	}
	if err := volumes(m, container); err != nil {
		return err
	}
	return ports(m, container)
}

// read builds the folder and decodes each manifest into its type.
func read(dir string) (*manifests, error) {
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		return nil, err
	}
	m := new(manifests)
	for _, resource := range built.Resources() {
		var into any
		switch kind := resource.GetKind(); kind {
		case "Namespace":
			into = &m.namespace
		case "ServiceAccount":
			into = &m.account
		case "ConfigMap":
			into = &m.config
		case "StatefulSet":
			into = &m.set
		case "Service":
			m.services = append(m.services, corev1.Service{})
			into = &m.services[len(m.services)-1]
		case "NetworkPolicy":
			into = &m.policy
		default:
			return nil, fmt.Errorf("%s is checked by nobody", kind)
		}
		text, err := resource.AsYAML()
		if err == nil {
			err = yaml.UnmarshalStrict(text, into)
		}
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", resource.GetKind(), resource.GetName(), err)
		}
	}
	secret, err := os.ReadFile(dir + "/secret.example.yaml")
	if err != nil {
		return nil, err
	}
	return m, yaml.UnmarshalStrict(secret, &m.secret)
}

// volumes: whatever is mounted is there.
func volumes(m *manifests, container corev1.Container) error {
	var names []string
	for _, claim := range m.set.Spec.VolumeClaimTemplates {
		names = append(names, claim.Name)
	}
	for _, volume := range m.set.Spec.Template.Spec.Volumes {
		if c := volume.ConfigMap; c != nil && c.Name != m.config.Name {
			return fmt.Errorf("there is no ConfigMap %s", c.Name)
		}
		names = append(names, volume.Name)
	}
	for _, mount := range container.VolumeMounts {
		if !slices.Contains(names, mount.Name) {
			return fmt.Errorf("there is no volume %s", mount.Name)
		}
	}
	return nil
}

// ports: probes, services and the policy name ports of the container, and services
// select its pod.
func ports(m *manifests, container corev1.Container) error {
	known := func(where string, port intstr.IntOrString) error {
		if !slices.ContainsFunc(container.Ports, func(p corev1.ContainerPort) bool { return p.Name == port.StrVal }) {
			return fmt.Errorf("%s names the port %s, which the container hasn't", where, port.String())
		}
		return nil
	}
	for _, probe := range []*corev1.Probe{container.StartupProbe, container.LivenessProbe, container.ReadinessProbe} {
		if err := known("a probe", probe.HTTPGet.Port); err != nil {
			return err
		}
	}
	for _, service := range m.services {
		for key, value := range service.Spec.Selector {
			if m.set.Spec.Template.Labels[key] != value {
				return fmt.Errorf("the service %s selects other pods", service.Name)
			}
		}
		if len(service.Spec.Selector) == 0 || len(m.set.Spec.Selector.MatchLabels) == 0 {
			return fmt.Errorf("the service %s, or the StatefulSet, selects nothing", service.Name)
		}
		for _, port := range service.Spec.Ports {
			if err := known("the service "+service.Name, port.TargetPort); err != nil {
				return err
			}
		}
	}
	for _, rule := range m.policy.Spec.Ingress {
		for _, port := range rule.Ports {
			if err := known("the network policy", *port.Port); err != nil {
				return err
			}
		}
	}
	return nil
}
