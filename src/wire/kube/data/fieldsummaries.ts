/**
 * What fields and types mean, for `kubectl explain`, in our own words: `<message>` for a type, `<message>.<field>` for a
 * field. Kinds as such are in kindsummaries.ts.
 */
export const fieldSummaries: Readonly<Record<string, string>> = {
  'meta.v1.TypeMeta.apiVersion':
    'Group and version of the API the object is written in, such as v1 or apps/v1. Together with kind it says which fields there are.',
  'meta.v1.TypeMeta.kind':
    'What the object is, in CamelCase and singular: Pod, Deployment. It cannot be changed.',

  'meta.v1.ObjectMeta':
    'What every object has besides its content: its name, where it is, and what is attached to it.',
  'meta.v1.ObjectMeta.annotations':
    'Text of any form attached to the object by tools and people. It is not used to select objects.',
  'meta.v1.ObjectMeta.creationTimestamp': 'When the object was created, in UTC. Set by the server.',
  'meta.v1.ObjectMeta.deletionGracePeriodSeconds':
    'Seconds the object is given to end in order before it is removed. Set only while it is being deleted.',
  'meta.v1.ObjectMeta.deletionTimestamp':
    'When the object is to be gone. Set by the server when somebody deletes it; it remains until its finalizers are removed.',
  'meta.v1.ObjectMeta.finalizers':
    'Names of those who must act before the object is removed. Each removes its own name when it is done.',
  'meta.v1.ObjectMeta.generateName':
    'The beginning of a name the server completes with random characters. Used only where no name is given.',
  'meta.v1.ObjectMeta.generation': 'Counts the changes of what is wanted. Set by the server.',
  'meta.v1.ObjectMeta.labels':
    'Keys and values by which objects are selected and grouped, for instance by services and workloads.',
  'meta.v1.ObjectMeta.managedFields':
    'Which program set which field. Kept by the server for server-side apply; there is rarely a reason to write it.',
  'meta.v1.ObjectMeta.name': 'The name, unique for its kind within its namespace. It cannot be changed.',
  'meta.v1.ObjectMeta.namespace':
    'The namespace the object is in. Empty for kinds that belong to the whole cluster. It cannot be changed.',
  'meta.v1.ObjectMeta.ownerReferences':
    'The objects this one belongs to. When all of them are gone, it is deleted as well.',
  'meta.v1.ObjectMeta.resourceVersion':
    'Changes with every write. Sent back in an update, it makes the update fail if somebody else has written meanwhile.',
  'meta.v1.ObjectMeta.selfLink': 'No longer set.',
  'meta.v1.ObjectMeta.uid': 'Identifies this object among all that ever had its name. Set by the server.',

  'meta.v1.ListMeta': 'What a list has besides its items.',
  'meta.v1.ListMeta.continue': 'Given when there is more: sent with the next request, it continues the list.',
  'meta.v1.ListMeta.remainingItemCount': 'How many items are left, where the server knows.',
  'meta.v1.ListMeta.resourceVersion':
    'The state of the collection the list shows; a watch can start from it.',

  'meta.v1.LabelSelector':
    'Selects objects by their labels. All of its conditions must hold; a selector without any selects everything.',
  'meta.v1.LabelSelector.matchLabels': 'Labels an object must have with exactly these values.',
  'meta.v1.LabelSelector.matchExpressions': 'Further conditions on labels, all of which must hold.',
  'meta.v1.LabelSelectorRequirement': 'One condition on one label.',
  'meta.v1.LabelSelectorRequirement.key': 'The label.',
  'meta.v1.LabelSelectorRequirement.operator': 'How it is compared: In, NotIn, Exists or DoesNotExist.',
  'meta.v1.LabelSelectorRequirement.values':
    'What it is compared with: at least one for In and NotIn, none for Exists and DoesNotExist.',
  'meta.v1.OwnerReference':
    'An object that another one belongs to, in the same namespace or of the whole cluster.',
  'meta.v1.OwnerReference.apiVersion': 'Group and version of the owner.',
  'meta.v1.OwnerReference.blockOwnerDeletion':
    'True keeps an owner that is deleted in the foreground until this object is gone.',
  'meta.v1.OwnerReference.controller': 'True for the one owner that manages the object.',
  'meta.v1.OwnerReference.kind': 'Kind of the owner.',
  'meta.v1.OwnerReference.name': 'Name of the owner.',
  'meta.v1.OwnerReference.uid': 'UID of the owner: another object of the same name is not meant.',
  'meta.v1.ManagedFieldsEntry': 'The fields one program manages in one version of the API.',
  'meta.v1.ManagedFieldsEntry.manager': 'The program.',
  'meta.v1.ManagedFieldsEntry.operation': 'How it wrote them: Apply or Update.',
  'meta.v1.Condition': 'One aspect of the state of an object, as somebody observed it.',
  'meta.v1.Condition.type': 'The aspect, in CamelCase.',
  'meta.v1.Condition.status': 'Whether it holds.',
  'meta.v1.Condition.reason': 'Why, in one CamelCase word.',
  'meta.v1.Condition.message': 'Why, for people.',
  'meta.v1.Condition.lastTransitionTime': 'When the status last changed.',
  'meta.v1.Condition.observedGeneration': 'The generation of the object that was observed.',
  'meta.v1.DeleteOptions': 'How an object is to be deleted.',
  'meta.v1.DeleteOptions.dryRun': 'All: everything is checked and nothing is deleted.',
  'meta.v1.DeleteOptions.gracePeriodSeconds': 'Seconds until the object is removed; 0 removes it at once.',
  'meta.v1.DeleteOptions.preconditions': 'What must hold of the object for it to be deleted.',
  'meta.v1.DeleteOptions.propagationPolicy':
    'What becomes of the objects it owns: Orphan leaves them, Background deletes them afterwards, Foreground before.',
  'meta.v1.Status': 'The result of a request that has no object to answer with, most often an error.',
  'meta.v1.Status.code': 'The HTTP status.',
  'meta.v1.Status.details': 'What the message is about, for programs.',
  'meta.v1.Status.message': 'What happened, for people.',
  'meta.v1.Status.reason': 'What happened, in one CamelCase word.',
  'meta.v1.Status.status': 'Success or Failure.',
  'meta.v1.Patch': 'A change of an object, in the form its content type names.',
  'meta.v1.WatchEvent': 'One change, as a watch tells it.',
  'meta.v1.WatchEvent.type': 'ADDED, MODIFIED, DELETED, BOOKMARK or ERROR.',
  'meta.v1.WatchEvent.object': 'The object after the change; before it, if it was deleted.',
  'meta.v1.Time': 'A time in UTC as RFC 3339 writes it, to the second.',
  'meta.v1.MicroTime': 'A time in UTC as RFC 3339 writes it, to the microsecond.',
  'meta.v1.Duration': 'A duration such as 1h30m or 500ms.',
  'meta.v1.FieldsV1': 'A set of fields, written as a tree.',
  'resource.Quantity': 'A number with a unit, such as 500m, 2, 128Mi or 1.5Gi.',
  'intstr.IntOrString': 'A number or a text: a port by number or name, an amount or a percentage.',
  'runtime.RawExtension': 'An object of any kind.',

  'core.v1.PodTemplateSpec': 'The pods a workload makes.',
  'core.v1.PodTemplateSpec.metadata': 'Labels, annotations and the like of the pods.',
  'core.v1.PodTemplateSpec.spec': 'What the pods are to run.',
  'core.v1.PodSpec': 'What a pod is to run, and how.',
  'core.v1.PodSpec.activeDeadlineSeconds': 'Seconds after which the pod is ended and counts as failed.',
  'core.v1.PodSpec.affinity':
    'Preferences and conditions for the node, and for being near or far from other pods.',
  'core.v1.PodSpec.automountServiceAccountToken':
    'False keeps the token of the service account out of the containers.',
  'core.v1.PodSpec.containers':
    'The containers of the pod: at least one. They cannot be added or removed later.',
  'core.v1.PodSpec.dnsConfig': 'DNS settings added to those dnsPolicy gives.',
  'core.v1.PodSpec.dnsPolicy': 'Where the DNS settings of the containers come from.',
  'core.v1.PodSpec.enableServiceLinks':
    'False leaves out the environment variables that name the services around.',
  'core.v1.PodSpec.ephemeralContainers': 'Containers added to a running pod to look into it.',
  'core.v1.PodSpec.hostAliases': 'Further lines of /etc/hosts.',
  'core.v1.PodSpec.hostIPC': 'True shares the IPC namespace of the node.',
  'core.v1.PodSpec.hostNetwork': 'True shares the network of the node.',
  'core.v1.PodSpec.hostPID': 'True shares the process namespace of the node.',
  'core.v1.PodSpec.hostUsers': 'False gives the pod a user namespace of its own.',
  'core.v1.PodSpec.hostname': 'The host name; the name of the pod where it is not given.',
  'core.v1.PodSpec.imagePullSecrets':
    'Secrets with the credentials of image registries, in the same namespace.',
  'core.v1.PodSpec.initContainers':
    'Containers that run to their end, one after the other, before the others start.',
  'core.v1.PodSpec.nodeName': 'The node the pod runs on. Set by the scheduler, or by you to do without it.',
  'core.v1.PodSpec.nodeSelector': 'Labels the node must have.',
  'core.v1.PodSpec.os': 'The operating system the containers need.',
  'core.v1.PodSpec.overhead': 'What running the pod costs beyond its containers.',
  'core.v1.PodSpec.preemptionPolicy':
    'Whether pods of lower priority may be removed to make room for this one.',
  'core.v1.PodSpec.priority': 'How important the pod is. Set from priorityClassName.',
  'core.v1.PodSpec.priorityClassName': 'The PriorityClass that says how important the pod is.',
  'core.v1.PodSpec.readinessGates':
    'Conditions that must hold, besides ready containers, for the pod to be ready.',
  'core.v1.PodSpec.resources': 'Resources of the pod as a whole.',
  'core.v1.PodSpec.restartPolicy': 'When containers that ended are started again.',
  'core.v1.PodSpec.runtimeClassName': 'The RuntimeClass that runs the pod.',
  'core.v1.PodSpec.schedulerName': 'The scheduler that finds a node for the pod.',
  'core.v1.PodSpec.schedulingGates': 'Reasons not to schedule the pod yet.',
  'core.v1.PodSpec.securityContext': 'Security settings for all containers of the pod.',
  'core.v1.PodSpec.serviceAccount': 'An older name of serviceAccountName.',
  'core.v1.PodSpec.serviceAccountName':
    'The service account whose permissions the pod has; default where it is not given.',
  'core.v1.PodSpec.setHostnameAsFQDN': 'True makes the full name the host name.',
  'core.v1.PodSpec.shareProcessNamespace': 'True lets the containers see the processes of one another.',
  'core.v1.PodSpec.subdomain': 'The part of the DNS name between the host name and the namespace.',
  'core.v1.PodSpec.terminationGracePeriodSeconds':
    'Seconds the processes are given to end before they are killed.',
  'core.v1.PodSpec.tolerations': 'Taints of nodes the pod puts up with.',
  'core.v1.PodSpec.topologySpreadConstraints': 'How pods of this sort are spread over nodes and zones.',
  'core.v1.PodSpec.volumes': 'Storage and files that containers can mount.',
  'core.v1.PodStatus': 'What is known of a pod that was started.',
  'core.v1.PodStatus.conditions': 'How far the pod has come.',
  'core.v1.PodStatus.containerStatuses': 'The state of each container.',
  'core.v1.PodStatus.hostIP': 'The address of the node.',
  'core.v1.PodStatus.message': 'Why the pod is in this state, for people.',
  'core.v1.PodStatus.phase': 'Where the pod is in its life.',
  'core.v1.PodStatus.podIP': 'The address of the pod.',
  'core.v1.PodStatus.qosClass': 'How soon the pod is removed when the node runs out of memory.',
  'core.v1.PodStatus.reason': 'Why the pod is in this state, in one word.',
  'core.v1.PodStatus.startTime': 'When the node took the pod.',

  'core.v1.Container': 'One container of a pod.',
  'core.v1.Container.args': 'Arguments of the command; those of the image where they are not given.',
  'core.v1.Container.command':
    'The command; that of the image where it is not given. It is not run in a shell.',
  'core.v1.Container.env': 'Environment variables.',
  'core.v1.Container.envFrom': 'ConfigMaps and Secrets whose keys all become environment variables.',
  'core.v1.Container.image': 'The image to run, such as registry.example.com/shop:1.2.',
  'core.v1.Container.imagePullPolicy':
    'When the image is fetched. Where it is not given: Always for the tag latest, IfNotPresent for others.',
  'core.v1.Container.lifecycle':
    'What is to happen just after the container starts and just before it is ended.',
  'core.v1.Container.livenessProbe': 'A check whose failure has the container started again.',
  'core.v1.Container.name': 'The name, unique within the pod. It cannot be changed.',
  'core.v1.Container.ports':
    'Ports the container listens on. For information: a port not listed can be reached as well.',
  'core.v1.Container.readinessProbe': 'A check whose failure takes the pod out of its services.',
  'core.v1.Container.resizePolicy': 'Whether the container must be started again when its resources change.',
  'core.v1.Container.resources': 'How much CPU, memory and other resources the container needs and may use.',
  'core.v1.Container.restartPolicy': 'Always, for an init container that keeps running beside the others.',
  'core.v1.Container.securityContext': 'Security settings of this container; they win over those of the pod.',
  'core.v1.Container.startupProbe': 'A check that must succeed once before the others begin.',
  'core.v1.Container.stdin': 'True keeps standard input open.',
  'core.v1.Container.stdinOnce': 'True closes standard input after the first client has left.',
  'core.v1.Container.terminationMessagePath':
    'The file whose content is kept as the reason why the container ended.',
  'core.v1.Container.terminationMessagePolicy': 'Where the reason why the container ended is taken from.',
  'core.v1.Container.tty': 'True gives the container a terminal.',
  'core.v1.Container.volumeDevices': 'Volumes the container sees as block devices.',
  'core.v1.Container.volumeMounts': 'Volumes of the pod, and where the container finds them.',
  'core.v1.Container.workingDir':
    'The directory the command starts in; that of the image where it is not given.',
  'core.v1.ContainerPort': 'A port a container listens on.',
  'core.v1.ContainerPort.containerPort': 'The port, from 1 to 65535.',
  'core.v1.ContainerPort.hostIP': 'The address of the node the port is opened on.',
  'core.v1.ContainerPort.hostPort': 'A port of the node that leads here. Most pods do not need one.',
  'core.v1.ContainerPort.name': 'A name that services can refer to.',
  'core.v1.ContainerPort.protocol': 'The protocol.',
  'core.v1.EnvVar': 'One environment variable.',
  'core.v1.EnvVar.name': 'The name.',
  'core.v1.EnvVar.value': 'The value. $(NAME) stands for a variable defined before it.',
  'core.v1.EnvVar.valueFrom':
    'Where the value is taken from instead: a field of the pod, a ConfigMap or a Secret.',
  'core.v1.ResourceRequirements': 'How much a container needs and may use.',
  'core.v1.ResourceRequirements.claims': 'Claims of the pod this container uses.',
  'core.v1.ResourceRequirements.limits': 'What it may use at most, by resource: cpu, memory and so on.',
  'core.v1.ResourceRequirements.requests': 'What it needs at least; a node is chosen by it.',
  'core.v1.VolumeMount': 'A volume as one container sees it.',
  'core.v1.VolumeMount.mountPath': 'Where the container finds it.',
  'core.v1.VolumeMount.name': 'The volume of the pod.',
  'core.v1.VolumeMount.readOnly': 'True forbids writing.',
  'core.v1.VolumeMount.subPath': 'A path within the volume to mount instead of its root.',
  'core.v1.Volume':
    'Storage or files for the containers of a pod. Besides the name it has exactly one source.',
  'core.v1.Volume.configMap': 'The keys of a ConfigMap, as files.',
  'core.v1.Volume.csi': 'Storage of a CSI driver that lives as long as the pod.',
  'core.v1.Volume.downwardAPI': 'Fields of the pod, as files.',
  'core.v1.Volume.emptyDir': 'An empty directory that lives as long as the pod.',
  'core.v1.Volume.ephemeral': 'A claim that is made for the pod and deleted with it.',
  'core.v1.Volume.hostPath':
    'A path of the node. It lets the pod out of its container: avoid it where you can.',
  'core.v1.Volume.name': 'The name, unique within the pod.',
  'core.v1.Volume.nfs': 'A directory of an NFS server.',
  'core.v1.Volume.persistentVolumeClaim': 'A claim for storage, in the same namespace.',
  'core.v1.Volume.projected': 'Several sources in one directory: Secrets, ConfigMaps, fields, tokens.',
  'core.v1.Volume.secret': 'The keys of a Secret, as files.',
  'core.v1.Probe': 'A check of a container, repeated while it runs.',
  'core.v1.Probe.exec': 'A command in the container; it must end with 0.',
  'core.v1.Probe.failureThreshold': 'How many failures in a row count as failed.',
  'core.v1.Probe.grpc': 'A gRPC health check.',
  'core.v1.Probe.httpGet': 'A HTTP request; its status must be from 200 to 399.',
  'core.v1.Probe.initialDelaySeconds': 'Seconds after the start until the first check.',
  'core.v1.Probe.periodSeconds': 'Seconds from one check to the next.',
  'core.v1.Probe.successThreshold': 'How many successes in a row count as well again.',
  'core.v1.Probe.tcpSocket': 'A port that must accept a connection.',
  'core.v1.Probe.timeoutSeconds': 'Seconds after which a check has failed.',
  'core.v1.SecurityContext': 'Security settings of a container.',
  'core.v1.SecurityContext.allowPrivilegeEscalation':
    'False keeps processes from gaining more privileges than their parent.',
  'core.v1.SecurityContext.capabilities': 'Linux capabilities to add and to drop.',
  'core.v1.SecurityContext.privileged': 'True gives the container what root on the node has.',
  'core.v1.SecurityContext.readOnlyRootFilesystem': 'True forbids writing to the file system of the image.',
  'core.v1.SecurityContext.runAsNonRoot': 'True refuses to start a container that would run as root.',
  'core.v1.SecurityContext.runAsUser': 'The user id of the processes.',
  'core.v1.SecurityContext.runAsGroup': 'The group id of the processes.',
  'core.v1.SecurityContext.seccompProfile': 'Which system calls are allowed.',
  'core.v1.Toleration': 'A taint of nodes that a pod puts up with.',
  'core.v1.LocalObjectReference': 'An object of the same namespace, by its name.',
  'core.v1.LocalObjectReference.name': 'The name of the object.',

  'core.v1.Service.spec': 'Which pods stand behind the service, and how it is reached.',
  'core.v1.ServiceSpec': 'Which pods stand behind a service, and how it is reached.',
  'core.v1.ServiceSpec.clusterIP':
    'The address within the cluster; None for a service that only has DNS records.',
  'core.v1.ServiceSpec.externalIPs': 'Further addresses whose traffic the nodes accept for this service.',
  'core.v1.ServiceSpec.externalName': 'The DNS name that a service of type ExternalName stands for.',
  'core.v1.ServiceSpec.externalTrafficPolicy': 'Whether traffic from outside may go on to another node.',
  'core.v1.ServiceSpec.internalTrafficPolicy': 'Whether traffic from inside may go on to another node.',
  'core.v1.ServiceSpec.loadBalancerClass': 'Which implementation makes the load balancer.',
  'core.v1.ServiceSpec.loadBalancerSourceRanges': 'The addresses that may use the load balancer.',
  'core.v1.ServiceSpec.ports': 'The ports of the service.',
  'core.v1.ServiceSpec.publishNotReadyAddresses': 'True lists pods that are not ready as well.',
  'core.v1.ServiceSpec.selector':
    'Labels of the pods behind the service. Without a selector somebody else lists the endpoints.',
  'core.v1.ServiceSpec.sessionAffinity': 'Whether one client stays with one pod.',
  'core.v1.ServiceSpec.type':
    'How the service is reached: from inside, by a port of each node, by a load balancer, or as a DNS name.',
  'core.v1.ServicePort': 'One port of a service.',
  'core.v1.ServicePort.appProtocol': 'The protocol spoken on the port, such as http.',
  'core.v1.ServicePort.name': 'The name; needed where there are several ports.',
  'core.v1.ServicePort.nodePort': 'The port of each node, for the types NodePort and LoadBalancer.',
  'core.v1.ServicePort.port': 'The port clients use.',
  'core.v1.ServicePort.protocol': 'The protocol.',
  'core.v1.ServicePort.targetPort':
    'The port of the pods, by number or name; the same as port where it is not given.',

  'core.v1.ConfigMap.binaryData': 'Values that are not text, in base64.',
  'core.v1.ConfigMap.data': 'The configuration: keys and text.',
  'core.v1.ConfigMap.immutable': 'True forbids every later change of the data.',
  'core.v1.Secret.data': 'The confidential data: keys and values in base64.',
  'core.v1.Secret.immutable': 'True forbids every later change of the data.',
  'core.v1.Secret.stringData':
    'Values as plain text, which the server moves to data. Never shown when the Secret is read.',
  'core.v1.Secret.type': 'What the data is for; it decides which keys are needed. It cannot be changed.',
  'core.v1.ServiceAccount.automountServiceAccountToken':
    'False keeps the token out of pods that do not ask for it.',
  'core.v1.ServiceAccount.imagePullSecrets': 'Secrets with registry credentials for the pods of the account.',
  'core.v1.ServiceAccount.secrets': 'Secrets that pods of the account may use.',
  'core.v1.NamespaceSpec.finalizers': 'Those who must act before the namespace is removed.',
  'core.v1.NamespaceStatus.phase': 'Whether the namespace is in use or being deleted.',

  'apps.v1.DeploymentSpec': 'How many pods of which sort a Deployment wants.',
  'apps.v1.DeploymentSpec.minReadySeconds': 'Seconds a new pod must be ready before it counts as available.',
  'apps.v1.DeploymentSpec.paused': 'True stops the replacing of pods.',
  'apps.v1.DeploymentSpec.progressDeadlineSeconds':
    'Seconds without progress after which a change counts as failed.',
  'apps.v1.DeploymentSpec.replicas': 'How many pods are wanted; 1 where it is not given.',
  'apps.v1.DeploymentSpec.revisionHistoryLimit': 'How many old ReplicaSets are kept to go back to.',
  'apps.v1.DeploymentSpec.selector':
    'The pods that belong to it. It must match the labels of the template and cannot be changed.',
  'apps.v1.DeploymentSpec.strategy': 'How old pods are replaced by new ones.',
  'apps.v1.DeploymentSpec.template': 'The pods to make.',
  'apps.v1.DeploymentStrategy.rollingUpdate':
    'How many pods are replaced at a time; only for the type RollingUpdate.',
  'apps.v1.DeploymentStrategy.type': 'Little by little, or all at once.',
  'apps.v1.RollingUpdateDeployment': 'How many pods are replaced at a time.',
  'apps.v1.RollingUpdateDeployment.maxSurge':
    'How many pods there may be beyond those wanted, as a number or a percentage.',
  'apps.v1.RollingUpdateDeployment.maxUnavailable':
    'How many pods may be missing, as a number or a percentage.',
  'apps.v1.DeploymentStatus.availableReplicas': 'How many pods have been ready for long enough.',
  'apps.v1.DeploymentStatus.readyReplicas': 'How many pods are ready.',
  'apps.v1.DeploymentStatus.replicas': 'How many pods there are.',
  'apps.v1.DeploymentStatus.updatedReplicas': 'How many pods are of the newest template.',
  'apps.v1.ReplicaSetSpec.replicas': 'How many pods are wanted; 1 where it is not given.',
  'apps.v1.ReplicaSetSpec.selector': 'The pods that belong to it. It cannot be changed.',
  'apps.v1.StatefulSetSpec.replicas': 'How many pods are wanted; 1 where it is not given.',
  'apps.v1.StatefulSetSpec.serviceName': 'The service that gives the pods their DNS names.',
  'apps.v1.StatefulSetSpec.volumeClaimTemplates':
    'Claims for storage that each pod gets, and keeps when it is replaced.',
  'batch.v1.JobSpec.backoffLimit': 'How many failures are put up with before the Job has failed.',
  'batch.v1.JobSpec.completions': 'How many pods must succeed.',
  'batch.v1.JobSpec.parallelism': 'How many pods run at the same time.',
  'batch.v1.JobSpec.suspend': 'True makes no pods.',
  'batch.v1.JobSpec.ttlSecondsAfterFinished': 'Seconds after its end until the Job is deleted.',
  'batch.v1.CronJobSpec.concurrencyPolicy': 'What happens when the last Job has not ended yet.',
  'batch.v1.CronJobSpec.jobTemplate': 'The Jobs to start.',
  'batch.v1.CronJobSpec.schedule':
    'When Jobs start, in cron format: minute, hour, day, month, day of the week.',
  'batch.v1.CronJobSpec.suspend': 'True starts no further Jobs.',
  'batch.v1.CronJobSpec.timeZone': 'The time zone of the schedule, such as Europe/Berlin.',

  'rbac.v1.PolicyRule': 'Verbs on resources or on paths. A rule can only allow.',
  'rbac.v1.PolicyRule.apiGroups':
    'Groups of the resources; an empty text is the core group, * means every group.',
  'rbac.v1.PolicyRule.nonResourceURLs':
    'Paths that are no resources, such as /healthz; * at the end means everything below. Only in a ClusterRole bound in the whole cluster.',
  'rbac.v1.PolicyRule.resourceNames':
    'Names the rule is limited to. Requests that name no object, such as list and create, are not allowed by it then, unless a list selects by that name.',
  'rbac.v1.PolicyRule.resources': 'Resources, subresources as pods/log; * means all of them.',
  'rbac.v1.PolicyRule.verbs':
    'What may be done: get, list, watch, create, update, patch, delete and others; * means everything.',
  'rbac.v1.Role.rules': 'What the role allows in its namespace.',
  'rbac.v1.ClusterRole.aggregationRule':
    'Cluster roles whose rules this one has. Its own rules are then written by the server.',
  'rbac.v1.ClusterRole.rules': 'What the role allows.',
  'rbac.v1.AggregationRule': 'Which cluster roles are put together.',
  'rbac.v1.AggregationRule.clusterRoleSelectors':
    'Labels of the cluster roles whose rules are taken; one selector must match.',
  'rbac.v1.RoleBinding.roleRef': 'The Role or ClusterRole that is granted. It cannot be changed.',
  'rbac.v1.RoleBinding.subjects': 'Who gets it, in this namespace.',
  'rbac.v1.ClusterRoleBinding.roleRef': 'The ClusterRole that is granted. It cannot be changed.',
  'rbac.v1.ClusterRoleBinding.subjects': 'Who gets it, in the whole cluster.',
  'rbac.v1.RoleRef': 'The role that is granted.',
  'rbac.v1.RoleRef.apiGroup': 'rbac.authorization.k8s.io.',
  'rbac.v1.RoleRef.kind': 'Role or ClusterRole.',
  'rbac.v1.RoleRef.name': 'The name of the role.',
  'rbac.v1.Subject': 'A user, a group or a service account.',
  'rbac.v1.Subject.apiGroup': 'Empty for a ServiceAccount, rbac.authorization.k8s.io for a User or Group.',
  'rbac.v1.Subject.kind': 'User, Group or ServiceAccount.',
  'rbac.v1.Subject.name': 'The name.',
  'rbac.v1.Subject.namespace': 'The namespace of a ServiceAccount; not allowed for the others.',

  'apiextensions.v1.CustomResourceDefinitionSpec': 'The names, versions and schemas of a new resource.',
  'apiextensions.v1.CustomResourceDefinitionSpec.conversion':
    'How objects are turned from one version into another.',
  'apiextensions.v1.CustomResourceDefinitionSpec.group': 'The API group, such as example.com.',
  'apiextensions.v1.CustomResourceDefinitionSpec.names': 'What the resource is called.',
  'apiextensions.v1.CustomResourceDefinitionSpec.preserveUnknownFields':
    'Must be false; use x-kubernetes-preserve-unknown-fields in the schema.',
  'apiextensions.v1.CustomResourceDefinitionSpec.scope': 'Namespaced or Cluster.',
  'apiextensions.v1.CustomResourceDefinitionSpec.versions': 'The versions, one of which is stored.',
  'apiextensions.v1.CustomResourceDefinitionNames': 'What a resource is called.',
  'apiextensions.v1.CustomResourceDefinitionNames.categories': 'Groups of resources it is in, such as all.',
  'apiextensions.v1.CustomResourceDefinitionNames.kind': 'The kind, in CamelCase and singular.',
  'apiextensions.v1.CustomResourceDefinitionNames.listKind':
    'The kind of a list; the kind followed by List where it is not given.',
  'apiextensions.v1.CustomResourceDefinitionNames.plural':
    'The word of the path, in lower case. The definition is named by it and the group.',
  'apiextensions.v1.CustomResourceDefinitionNames.shortNames': 'Short words for command lines.',
  'apiextensions.v1.CustomResourceDefinitionNames.singular': 'One of them, in lower case.',
  'apiextensions.v1.CustomResourceDefinitionVersion': 'One version of a resource.',
  'apiextensions.v1.CustomResourceDefinitionVersion.additionalPrinterColumns':
    'Columns that lists show, besides the name.',
  'apiextensions.v1.CustomResourceDefinitionVersion.deprecated': 'True warns everybody who uses the version.',
  'apiextensions.v1.CustomResourceDefinitionVersion.deprecationWarning': 'The warning, in words of your own.',
  'apiextensions.v1.CustomResourceDefinitionVersion.name': 'The version, such as v1 or v1beta1.',
  'apiextensions.v1.CustomResourceDefinitionVersion.schema': 'What objects of the version look like.',
  'apiextensions.v1.CustomResourceDefinitionVersion.selectableFields': 'Fields that field selectors may use.',
  'apiextensions.v1.CustomResourceDefinitionVersion.served': 'Whether the version can be used.',
  'apiextensions.v1.CustomResourceDefinitionVersion.storage':
    'Whether objects are stored in the version. Exactly one is.',
  'apiextensions.v1.CustomResourceDefinitionVersion.subresources': 'Whether there are /status and /scale.',
  'apiextensions.v1.CustomResourceValidation.openAPIV3Schema': 'The schema, in the structural form.',
  'apiextensions.v1.JSONSchemaProps': 'A JSON schema.',
  'apiextensions.v1.JSON': 'Any JSON value.',
  'apiextensions.v1.JSONSchemaPropsOrArray': 'A JSON schema, or a list of them.',
  'apiextensions.v1.JSONSchemaPropsOrBool': 'A JSON schema, or true or false.',
  'apiextensions.v1.JSONSchemaPropsOrStringArray': 'A JSON schema, or a list of names.',

  'networking.v1.IngressSpec.ingressClassName': 'Which controller serves the Ingress.',
  'networking.v1.IngressSpec.rules': 'Hosts and paths, and the services they lead to.',
  'networking.v1.IngressSpec.tls': 'Hosts served with TLS, and the Secrets with their certificates.',
  'networking.v1.IngressSpec.defaultBackend': 'Where requests go that no rule matches.',
  'networking.v1.NetworkPolicySpec.egress': 'What selected pods may send.',
  'networking.v1.NetworkPolicySpec.ingress': 'What selected pods may receive.',
  'networking.v1.NetworkPolicySpec.podSelector':
    'The pods the policy is about; an empty selector means all pods of the namespace.',
  'networking.v1.NetworkPolicySpec.policyTypes': 'Ingress, Egress or both.',
  'authorization.v1.ResourceAttributes': 'A request for a resource.',
  'authorization.v1.ResourceAttributes.group': 'The API group; * means all.',
  'authorization.v1.ResourceAttributes.name': 'The name of the object; empty means all.',
  'authorization.v1.ResourceAttributes.namespace':
    'The namespace; empty means all of them, or the cluster itself.',
  'authorization.v1.ResourceAttributes.resource': 'The resource; * means all.',
  'authorization.v1.ResourceAttributes.subresource': 'The subresource; empty means none.',
  'authorization.v1.ResourceAttributes.verb': 'The verb; * means all.',
  'authorization.v1.SubjectAccessReviewStatus.allowed': 'Whether the request would be allowed.',
  'authorization.v1.SubjectAccessReviewStatus.denied': 'Whether it would be refused whatever else is asked.',
  'authorization.v1.SubjectAccessReviewStatus.reason': 'Why.',
  'authentication.v1.TokenRequestSpec.audiences':
    'Who the token is for; the API server itself where it is empty.',
  'authentication.v1.TokenRequestSpec.boundObjectRef': 'An object whose end is the end of the token.',
  'authentication.v1.TokenRequestSpec.expirationSeconds': 'Seconds the token is wanted for.',
  'autoscaling.v1.ScaleSpec.replicas': 'How many are wanted.',
  'autoscaling.v2.HorizontalPodAutoscalerSpec.maxReplicas': 'How many pods there may be at most.',
  'autoscaling.v2.HorizontalPodAutoscalerSpec.metrics': 'What the number of pods is calculated from.',
  'autoscaling.v2.HorizontalPodAutoscalerSpec.minReplicas':
    'How many pods there must be at least; 1 where it is not given.',
  'autoscaling.v2.HorizontalPodAutoscalerSpec.scaleTargetRef':
    'The workload whose pods are counted and changed.',

  'authentication.v1.TokenReviewSpec.audiences':
    'Who the token must be for; the API server itself where it is empty.',
  'authentication.v1.TokenReviewSpec.token': 'The token.',
  'authentication.v1.TokenReviewStatus.authenticated': 'Whether the token is good.',
  'authentication.v1.TokenReviewStatus.user': 'Whose token it is.',
  'authentication.v1.TokenReviewStatus.error': 'Why it is not.',
  'authentication.v1.TokenRequestStatus.token': 'The token.',
  'authentication.v1.TokenRequestStatus.expirationTimestamp': 'When it ends.',
  'authentication.v1.UserInfo': 'Who somebody is, as the API server sees it.',
  'authentication.v1.UserInfo.username': 'The name.',
  'authentication.v1.UserInfo.groups': 'The groups.',
  'authentication.v1.UserInfo.uid': 'Tells apart users who had the name at different times.',
  'authentication.v1.UserInfo.extra': 'What else the authenticator says.',
  'authorization.v1.SubjectAccessReviewSpec.user': 'The user that is asked about.',
  'authorization.v1.SubjectAccessReviewSpec.groups': 'The groups of the user.',
  'authorization.v1.SubjectAccessReviewSpec.resourceAttributes':
    'The request for a resource that is asked about.',
  'authorization.v1.SubjectAccessReviewSpec.nonResourceAttributes':
    'The request for a path that is asked about, instead of a resource.',
  'authorization.v1.SelfSubjectAccessReviewSpec.resourceAttributes':
    'The request for a resource that is asked about.',
  'authorization.v1.SelfSubjectAccessReviewSpec.nonResourceAttributes':
    'The request for a path that is asked about, instead of a resource.',
  'authorization.v1.SelfSubjectRulesReviewSpec.namespace': 'The namespace that is asked about.',
  'authorization.v1.SubjectRulesReviewStatus.resourceRules': 'What the caller may do with resources.',
  'authorization.v1.SubjectRulesReviewStatus.nonResourceRules': 'Which paths the caller may use.',
  'authorization.v1.SubjectRulesReviewStatus.incomplete':
    'True when the caller may be allowed more than the lists say.',
  'authorization.v1.SubjectRulesReviewStatus.evaluationError': 'Why the lists are not complete.',
  'core.v1.PersistentVolumeClaimSpec.accessModes':
    'How the storage is to be used: by one node, by several, for reading alone.',
  'core.v1.PersistentVolumeClaimSpec.resources': 'How much storage is wanted.',
  'core.v1.PersistentVolumeClaimSpec.storageClassName': 'The sort of storage that is wanted.',
  'core.v1.PersistentVolumeClaimSpec.volumeMode': 'A file system or a block device.',
  'core.v1.PersistentVolumeClaimSpec.volumeName': 'The volume that was given.',
  'core.v1.ResourceQuotaSpec.hard': 'The limits, by resource.',
  'core.v1.LimitRangeSpec.limits': 'The limits, by sort of object.',
  'core.v1.NodeSpec.taints': 'Taints that keep away pods which do not tolerate them.',
  'core.v1.NodeSpec.unschedulable': 'True takes no new pods.',
  'core.v1.ObjectReference': 'An object, by what names it.',
  'core.v1.ConfigMapVolumeSource': 'The keys of a ConfigMap, as the files of a directory.',
  'core.v1.SecretVolumeSource': 'The keys of a Secret, as the files of a directory.',
  'core.v1.SecretVolumeSource.secretName': 'The Secret, in the same namespace.',
  'core.v1.EmptyDirVolumeSource.medium': 'Memory keeps it there; otherwise it is on the disk of the node.',
  'core.v1.EmptyDirVolumeSource.sizeLimit': 'How much it may hold.',
  'core.v1.HTTPGetAction': 'A HTTP request.',
  'core.v1.HTTPGetAction.path': 'The path.',
  'core.v1.HTTPGetAction.port': 'The port, by number or name.',
  'core.v1.HTTPGetAction.scheme': 'HTTP or HTTPS.',
  'core.v1.EnvVarSource':
    'Where the value of an environment variable is taken from. Exactly one source is given.',
  'core.v1.EnvVarSource.configMapKeyRef': 'A key of a ConfigMap.',
  'core.v1.EnvVarSource.fieldRef': 'A field of the pod.',
  'core.v1.EnvVarSource.resourceFieldRef': 'A resource of the container.',
  'core.v1.EnvVarSource.secretKeyRef': 'A key of a Secret.',
  'coordination.v1.LeaseSpec.holderIdentity': 'Who holds the lock.',
  'coordination.v1.LeaseSpec.leaseDurationSeconds':
    'Seconds after which a lock that was not renewed may be taken.',
  'coordination.v1.LeaseSpec.renewTime': 'When the holder last renewed it.',
  'policy.v1.PodDisruptionBudgetSpec.maxUnavailable':
    'How many pods may be missing, as a number or a percentage.',
  'policy.v1.PodDisruptionBudgetSpec.minAvailable': 'How many pods must remain, as a number or a percentage.',
  'networking.v1.IngressRule.host': 'The host the rule is for; every host where it is not given.',
  'networking.v1.IngressRule.http': 'The paths, and where they lead.',
  'admissionregistration.v1.ValidatingWebhook.clientConfig': 'Where the web service is.',
  'admissionregistration.v1.ValidatingWebhook.failurePolicy': 'What happens when it cannot be asked.',
  'admissionregistration.v1.ValidatingWebhook.rules': 'The requests it is asked about.',
  'admissionregistration.v1.ValidatingWebhook.sideEffects': 'Whether asking it changes anything elsewhere.',
  'admissionregistration.v1.ValidatingWebhook.timeoutSeconds': 'Seconds it is waited for.',
  'admissionregistration.v1.MutatingWebhook.clientConfig': 'Where the web service is.',
  'admissionregistration.v1.MutatingWebhook.failurePolicy': 'What happens when it cannot be asked.',
  'admissionregistration.v1.MutatingWebhook.rules': 'The requests it is asked about.',
  'admissionregistration.v1.MutatingWebhook.sideEffects': 'Whether asking it changes anything elsewhere.',
  'admissionregistration.v1.MutatingWebhook.timeoutSeconds': 'Seconds it is waited for.',
  'apiregistration.v1.APIServiceSpec.group': 'The API group.',
  'apiregistration.v1.APIServiceSpec.version': 'The version of the group.',
  'apiregistration.v1.APIServiceSpec.service':
    'The service that answers; none where the API server does so itself.',
  'apiregistration.v1.APIServiceSpec.caBundle': 'The certificate authority of the service, in PEM.',
  'apiregistration.v1.APIServiceSpec.groupPriorityMinimum': 'How far up the group is listed.',
  'apiregistration.v1.APIServiceSpec.versionPriority': 'How far up in its group the version is listed.',
  'apiregistration.v1.APIServiceSpec.insecureSkipTLSVerify':
    'True does not check the certificate of the service.',
};

/**
 * Fields that mean the same in all types of a sort, for those that have no sentence of their own: in whole objects, in
 * lists of them, and in types named `…Spec`, `…Status` and `…Condition`.
 */
export const commonFields = {
  object: {
    metadata: 'Name, namespace, labels, annotations and what else every object has.',
    spec: 'What is wanted.',
    status: 'What was observed. Written by controllers, not by users.',
  },
  list: {
    items: 'The objects of the list.',
    metadata: 'What the list has besides its items.',
  },
  spec: {
    replicas: 'How many are wanted.',
    selector: 'What belongs to it, by labels.',
    template: 'The pods to make.',
  },
  status: {
    conditions: 'What was observed last, aspect by aspect.',
    observedGeneration: 'The generation of the object this status is about.',
    replicas: 'How many there are.',
  },
  condition: {
    lastTransitionTime: 'When the status last changed.',
    message: 'Why, for people.',
    reason: 'Why, in one CamelCase word.',
    status: 'Whether it holds: True, False or Unknown.',
    type: 'The aspect, in CamelCase.',
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;
