// Command check builds the manifests of a folder as kustomize does and reads them as the
// Kubernetes API does, strictly: an unknown field, a wrong type or a name that leads
// nowhere is an error. One gateway with a store of its own is a StatefulSet, several that
// share a database are a Deployment. It is a module of its own, so that the gateway doesn't depend on
// Kubernetes.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
	namespace  corev1.Namespace
	account    corev1.ServiceAccount
	config     corev1.ConfigMap
	secrets    []corev1.Secret
	set        *appsv1.StatefulSet
	deployment *appsv1.Deployment
	budget     *policyv1.PodDisruptionBudget
	services   []corev1.Service
	policy     networkingv1.NetworkPolicy
}

func check(dir string) error {
	m, err := read(dir)
	if err != nil {
		return err
	}
	var pod corev1.PodTemplateSpec
	var selects *metav1.LabelSelector
	switch {
	case m.set != nil && m.deployment == nil:
		pod, selects, err = m.set.Spec.Template, m.set.Spec.Selector, alone(m)
	case m.deployment != nil && m.set == nil:
		pod, selects, err = m.deployment.Spec.Template, m.deployment.Spec.Selector, several(m)
	default:
		err = fmt.Errorf("it is neither a StatefulSet nor a Deployment")
	}
	if err != nil {
		return err
	}
	if pod.Spec.ServiceAccountName != m.account.Name {
		return fmt.Errorf("there is no service account %s", pod.Spec.ServiceAccountName)
	}
	container := pod.Spec.Containers[0]
	for _, from := range container.EnvFrom {
		if !m.secret(from.SecretRef.Name) {
			return fmt.Errorf("there is no secret %s", from.SecretRef.Name)
		}
	}
	if err := volumes(m, &pod, container); err != nil {
		return err
	}
	return ports(m, &pod, selects, container)
}

// alone: a store has one process.
func alone(m *manifests) error {
	if n := m.set.Spec.Replicas; n == nil || *n != 1 {
		return fmt.Errorf("a store has one process, and the StatefulSet has not 1 replica")
	}
	return nil
}

// several: of gateways that share a database some always serve, and none keeps anything.
func several(m *manifests) error {
	spec := m.deployment.Spec
	if spec.Replicas == nil || *spec.Replicas < 2 {
		return fmt.Errorf("the Deployment has not several replicas")
	}
	if rolling := spec.Strategy.RollingUpdate; rolling == nil || rolling.MaxUnavailable == nil || rolling.MaxUnavailable.String() != "0" {
		return fmt.Errorf("a rollout takes a gateway away before another serves")
	}
	for _, volume := range spec.Template.Spec.Volumes {
		if volume.PersistentVolumeClaim != nil || volume.HostPath != nil {
			return fmt.Errorf("the volume %s keeps something", volume.Name)
		}
	}
	if m.budget == nil || m.budget.Spec.Selector == nil {
		return fmt.Errorf("no PodDisruptionBudget selects the gateways")
	}
	for key, value := range m.budget.Spec.Selector.MatchLabels {
		if spec.Template.Labels[key] != value {
			return fmt.Errorf("the PodDisruptionBudget selects other pods")
		}
	}
	if most := m.budget.Spec.MaxUnavailable; most == nil || most.IntValue() < 1 || most.IntValue() >= int(*spec.Replicas) {
		return fmt.Errorf("the PodDisruptionBudget lets all gateways go, or none")
	}
	return nil
}

func (m *manifests) secret(name string) bool {
	return slices.ContainsFunc(m.secrets, func(s corev1.Secret) bool { return s.Name == name })
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
			m.set = new(appsv1.StatefulSet)
			into = m.set
		case "Deployment":
			m.deployment = new(appsv1.Deployment)
			into = m.deployment
		case "PodDisruptionBudget":
			m.budget = new(policyv1.PodDisruptionBudget)
			into = m.budget
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
	return m, m.readSecrets(dir)
}

// readSecrets reads the example that somebody fills in, which isn't built.
func (m *manifests) readSecrets(dir string) error {
	name := "secret.example.yaml"
	file, err := os.ReadFile(filepath.Join(dir, name))
	if os.IsNotExist(err) {
		file, err = os.ReadFile(filepath.Join(dir, "kubernetes", name))
	}
	if err != nil {
		return err
	}
	for document := range bytes.SplitSeq(file, []byte("\n---\n")) {
		var secret corev1.Secret
		if err := yaml.UnmarshalStrict(document, &secret); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		m.secrets = append(m.secrets, secret)
	}
	return nil
}

// volumes: whatever is mounted is there.
func volumes(m *manifests, pod *corev1.PodTemplateSpec, container corev1.Container) error {
	var names []string
	if m.set != nil {
		for _, claim := range m.set.Spec.VolumeClaimTemplates {
			names = append(names, claim.Name)
		}
	}
	for _, volume := range pod.Spec.Volumes {
		sources := []corev1.VolumeProjection{{ConfigMap: &corev1.ConfigMapProjection{}}}
		switch {
		case volume.ConfigMap != nil:
			sources[0].ConfigMap.LocalObjectReference = volume.ConfigMap.LocalObjectReference
		case volume.Projected != nil:
			sources = volume.Projected.Sources
		default:
			sources = nil
		}
		for _, source := range sources {
			if c := source.ConfigMap; c != nil && c.Name != m.config.Name {
				return fmt.Errorf("there is no ConfigMap %s", c.Name)
			}
			if s := source.Secret; s != nil && !m.secret(s.Name) {
				return fmt.Errorf("there is no secret %s", s.Name)
			}
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
func ports(m *manifests, pod *corev1.PodTemplateSpec, selects *metav1.LabelSelector, container corev1.Container) error {
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
			if pod.Labels[key] != value {
				return fmt.Errorf("the service %s selects other pods", service.Name)
			}
		}
		if len(service.Spec.Selector) == 0 || selects == nil || len(selects.MatchLabels) == 0 {
			return fmt.Errorf("the service %s, or the pods' controller, selects nothing", service.Name)
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
