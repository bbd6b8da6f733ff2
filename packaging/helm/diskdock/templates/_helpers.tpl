{{- define "diskdock.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "diskdock.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "diskdock.labels" -}}
{{ include "diskdock.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* Whether the state is in PostgreSQL. */}}
{{- define "diskdock.inPostgres" -}}
{{- if or .Values.store.postgres.url .Values.store.postgres.existingSecret }}true{{ end -}}
{{- end -}}

{{/* Whether there is a volume for the state. */}}
{{- define "diskdock.hasVolume" -}}
{{- if not (or .Values.ephemeral (include "diskdock.inPostgres" .)) }}true{{ end -}}
{{- end -}}

{{- define "diskdock.keySecret" -}}
{{- .Values.keys.existingSecret | default (printf "%s-keys" (include "diskdock.name" .)) -}}
{{- end -}}

{{- define "diskdock.storeSecret" -}}
{{- .Values.store.postgres.existingSecret | default (printf "%s-store" (include "diskdock.name" .)) -}}
{{- end -}}

{{/* Refuses values that cannot go together, in words. */}}
{{- define "diskdock.check" -}}
{{- if not (or .Values.keys.accessKeys .Values.keys.existingSecret) -}}
{{- fail "diskdock wants an access key: --set 'keys.accessKeys={ID:SECRET}', or keys.existingSecret" -}}
{{- end -}}
{{- if and .Values.ephemeral (include "diskdock.inPostgres" .) -}}
{{- fail "ephemeral and store.postgres exclude each other" -}}
{{- end -}}
{{- if and (gt (int .Values.replicas) 1) (not (include "diskdock.inPostgres" .)) -}}
{{- fail "several replicas need store.postgres: otherwise each has a state of its own" -}}
{{- end -}}
{{- end -}}
