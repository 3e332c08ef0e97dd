{{- define "failback.labels" -}}
app.kubernetes.io/name: failback-operator
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "failback.selector" -}}
app.kubernetes.io/name: failback-operator
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end }}

{{/* The rights on what the operator watches, the same cluster-wide and in one namespace. */}}
{{- define "failback.rules" -}}
# What people write is theirs: it is read, never changed.
- apiGroups: [failback.dev]
  resources: [recoverysites, mastertargets, processservers, failbackplans]
  verbs: [get, list, watch]
- apiGroups: [failback.dev]
  resources: [failbackmachines]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [failback.dev]
  resources: [recoverysites/status, mastertargets/status, processservers/status, failbackplans/status, failbackmachines/status]
  verbs: [patch]
# By the names that a RecoverySite gives; never listed.
- apiGroups: [""]
  resources: [secrets, configmaps]
  verbs: [get]
- apiGroups: [""]
  resources: [events]
  verbs: [create]
{{- end }}
