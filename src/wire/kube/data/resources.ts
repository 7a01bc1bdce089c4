/**
 * The API resources of Kubernetes 1.36, in the order of discovery (kubernetes-facts D1.2). Written by tools/kube-data.ts.
 * One line: group/version, resource, kind, singular, scope (n or c), verbs (* all eight, + get,patch,update), short names,
 * categories, then subresources as name:kind:verbs[:group/version].
 */
export const resourceLines = `/v1 bindings Binding binding n create - -
/v1 componentstatuses ComponentStatus componentstatus c get,list cs -
/v1 configmaps ConfigMap configmap n * cm -
/v1 endpoints Endpoints endpoints n * ep -
/v1 events Event event n * ev -
/v1 limitranges LimitRange limitrange n * limits -
/v1 namespaces Namespace namespace c create,delete,get,list,patch,update,watch ns - finalize:Namespace:update status:Namespace:+
/v1 nodes Node node c * no - proxy:NodeProxyOptions:create,delete,get,patch,update status:Node:+
/v1 persistentvolumeclaims PersistentVolumeClaim persistentvolumeclaim n * pvc - status:PersistentVolumeClaim:+
/v1 persistentvolumes PersistentVolume persistentvolume c * pv - status:PersistentVolume:+
/v1 pods Pod pod n * po all attach:PodAttachOptions:create,get binding:Binding:create ephemeralcontainers:Pod:+ eviction:Eviction:create:policy/v1 exec:PodExecOptions:create,get log:Pod:get portforward:PodPortForwardOptions:create,get proxy:PodProxyOptions:create,delete,get,patch,update resize:Pod:+ status:Pod:+
/v1 podtemplates PodTemplate podtemplate n * - -
/v1 replicationcontrollers ReplicationController replicationcontroller n * rc all scale:Scale:+:autoscaling/v1 status:ReplicationController:+
/v1 resourcequotas ResourceQuota resourcequota n * quota - status:ResourceQuota:+
/v1 secrets Secret secret n * - -
/v1 serviceaccounts ServiceAccount serviceaccount n * sa - token:TokenRequest:create:authentication.k8s.io/v1
/v1 services Service service n * svc all proxy:ServiceProxyOptions:create,delete,get,patch,update status:Service:+
apiregistration.k8s.io/v1 apiservices APIService apiservice c * - api-extensions status:APIService:+
apps/v1 controllerrevisions ControllerRevision controllerrevision n * - -
apps/v1 daemonsets DaemonSet daemonset n * ds all status:DaemonSet:+
apps/v1 deployments Deployment deployment n * deploy all scale:Scale:+:autoscaling/v1 status:Deployment:+
apps/v1 replicasets ReplicaSet replicaset n * rs all scale:Scale:+:autoscaling/v1 status:ReplicaSet:+
apps/v1 statefulsets StatefulSet statefulset n * sts all scale:Scale:+:autoscaling/v1 status:StatefulSet:+
events.k8s.io/v1 events Event event n * ev -
authentication.k8s.io/v1 selfsubjectreviews SelfSubjectReview selfsubjectreview c create - -
authentication.k8s.io/v1 tokenreviews TokenReview tokenreview c create - -
authorization.k8s.io/v1 localsubjectaccessreviews LocalSubjectAccessReview localsubjectaccessreview n create - -
authorization.k8s.io/v1 selfsubjectaccessreviews SelfSubjectAccessReview selfsubjectaccessreview c create - -
authorization.k8s.io/v1 selfsubjectrulesreviews SelfSubjectRulesReview selfsubjectrulesreview c create - -
authorization.k8s.io/v1 subjectaccessreviews SubjectAccessReview subjectaccessreview c create - -
autoscaling/v2 horizontalpodautoscalers HorizontalPodAutoscaler horizontalpodautoscaler n * hpa all status:HorizontalPodAutoscaler:+
autoscaling/v1 horizontalpodautoscalers HorizontalPodAutoscaler horizontalpodautoscaler n * hpa all status:HorizontalPodAutoscaler:+
batch/v1 cronjobs CronJob cronjob n * cj all status:CronJob:+
batch/v1 jobs Job job n * - all status:Job:+
certificates.k8s.io/v1 certificatesigningrequests CertificateSigningRequest certificatesigningrequest c * csr - approval:CertificateSigningRequest:+ status:CertificateSigningRequest:+
networking.k8s.io/v1 ingressclasses IngressClass ingressclass c * - -
networking.k8s.io/v1 ingresses Ingress ingress n * ing - status:Ingress:+
networking.k8s.io/v1 ipaddresses IPAddress ipaddress c * ip -
networking.k8s.io/v1 networkpolicies NetworkPolicy networkpolicy n * netpol -
networking.k8s.io/v1 servicecidrs ServiceCIDR servicecidr c * - - status:ServiceCIDR:+
policy/v1 poddisruptionbudgets PodDisruptionBudget poddisruptionbudget n * pdb - status:PodDisruptionBudget:+
rbac.authorization.k8s.io/v1 clusterrolebindings ClusterRoleBinding clusterrolebinding c * - -
rbac.authorization.k8s.io/v1 clusterroles ClusterRole clusterrole c * - -
rbac.authorization.k8s.io/v1 rolebindings RoleBinding rolebinding n * - -
rbac.authorization.k8s.io/v1 roles Role role n * - -
storage.k8s.io/v1 csidrivers CSIDriver csidriver c * - -
storage.k8s.io/v1 csinodes CSINode csinode c * - -
storage.k8s.io/v1 csistoragecapacities CSIStorageCapacity csistoragecapacity n * - -
storage.k8s.io/v1 storageclasses StorageClass storageclass c * sc -
storage.k8s.io/v1 volumeattachments VolumeAttachment volumeattachment c * - - status:VolumeAttachment:+
storage.k8s.io/v1 volumeattributesclasses VolumeAttributesClass volumeattributesclass c * vac -
admissionregistration.k8s.io/v1 mutatingadmissionpolicies MutatingAdmissionPolicy mutatingadmissionpolicy c * - api-extensions
admissionregistration.k8s.io/v1 mutatingadmissionpolicybindings MutatingAdmissionPolicyBinding mutatingadmissionpolicybinding c * - api-extensions
admissionregistration.k8s.io/v1 mutatingwebhookconfigurations MutatingWebhookConfiguration mutatingwebhookconfiguration c * - api-extensions
admissionregistration.k8s.io/v1 validatingadmissionpolicies ValidatingAdmissionPolicy validatingadmissionpolicy c * - api-extensions status:ValidatingAdmissionPolicy:+
admissionregistration.k8s.io/v1 validatingadmissionpolicybindings ValidatingAdmissionPolicyBinding validatingadmissionpolicybinding c * - api-extensions
admissionregistration.k8s.io/v1 validatingwebhookconfigurations ValidatingWebhookConfiguration validatingwebhookconfiguration c * - api-extensions
apiextensions.k8s.io/v1 customresourcedefinitions CustomResourceDefinition customresourcedefinition c * crd,crds api-extensions status:CustomResourceDefinition:+
scheduling.k8s.io/v1 priorityclasses PriorityClass priorityclass c * pc -
coordination.k8s.io/v1 leases Lease lease n * - -
node.k8s.io/v1 runtimeclasses RuntimeClass runtimeclass c * - -
discovery.k8s.io/v1 endpointslices EndpointSlice endpointslice n * - -
flowcontrol.apiserver.k8s.io/v1 flowschemas FlowSchema flowschema c * - - status:FlowSchema:+
flowcontrol.apiserver.k8s.io/v1 prioritylevelconfigurations PriorityLevelConfiguration prioritylevelconfiguration c * - - status:PriorityLevelConfiguration:+
resource.k8s.io/v1 deviceclasses DeviceClass deviceclass c * - -
resource.k8s.io/v1 resourceclaims ResourceClaim resourceclaim n * - - status:ResourceClaim:+
resource.k8s.io/v1 resourceclaimtemplates ResourceClaimTemplate resourceclaimtemplate n * - -
resource.k8s.io/v1 resourceslices ResourceSlice resourceslice c * - -`;
