/**
 * Fields of the API messages of the groups the reference data does not have: apiextensions.k8s.io/v1,
 * apiregistration.k8s.io/v1, flowcontrol.apiserver.k8s.io/v1 and resource.k8s.io/v1. Written by hand in the form of
 * messages.ts from the public interface definitions (generated.proto and the JSON tags) of Kubernetes 1.36 (Apache-2.0).
 */
export const groupMessageLines = `apiextensions.v1.CustomResourceColumnDefinition|1 name string!;2 type string!;3 format string;4 description string;5 priority int32;6 jsonPath string!
apiextensions.v1.CustomResourceConversion|1 strategy string!;2 webhook .WebhookConversion*
apiextensions.v1.CustomResourceDefinition|1 metadata meta.v1.ObjectMeta;2 spec .CustomResourceDefinitionSpec!;3 status .CustomResourceDefinitionStatus
apiextensions.v1.CustomResourceDefinitionCondition|1 type string!;2 status string!;3 lastTransitionTime meta.v1.Time;4 reason string;5 message string;6 observedGeneration int64
apiextensions.v1.CustomResourceDefinitionList|1 metadata meta.v1.ListMeta;2 items [].CustomResourceDefinition!
apiextensions.v1.CustomResourceDefinitionNames|1 plural string!;2 singular string;3 shortNames []string =atomic;4 kind string!;5 listKind string;6 categories []string =atomic
apiextensions.v1.CustomResourceDefinitionSpec|1 group string!;3 names .CustomResourceDefinitionNames!;4 scope string!;7 versions [].CustomResourceDefinitionVersion! =atomic;9 conversion .CustomResourceConversion*;10 preserveUnknownFields bool
apiextensions.v1.CustomResourceDefinitionStatus|1 conditions [].CustomResourceDefinitionCondition =map(type);2 acceptedNames .CustomResourceDefinitionNames;3 storedVersions []string =atomic;4 observedGeneration int64
apiextensions.v1.CustomResourceDefinitionVersion|1 name string!;2 served bool!;3 storage bool!;4 schema .CustomResourceValidation*;5 subresources .CustomResourceSubresources*;6 additionalPrinterColumns [].CustomResourceColumnDefinition =atomic;7 deprecated bool;8 deprecationWarning string*;9 selectableFields [].SelectableField =atomic
apiextensions.v1.CustomResourceSubresourceScale|1 specReplicasPath string!;2 statusReplicasPath string!;3 labelSelectorPath string*
apiextensions.v1.CustomResourceSubresourceStatus|
apiextensions.v1.CustomResourceSubresources|1 status .CustomResourceSubresourceStatus*;2 scale .CustomResourceSubresourceScale*
apiextensions.v1.CustomResourceValidation|1 openAPIV3Schema .JSONSchemaProps*
apiextensions.v1.ExternalDocumentation|1 description string;2 url string
apiextensions.v1.JSON|1 raw bytes
apiextensions.v1.JSONSchemaProps|1 id string;2 $schema string;3 $ref string*;4 description string;5 type string;6 format string;7 title string;8 default .JSON*;9 maximum double*;10 exclusiveMaximum bool;11 minimum double*;12 exclusiveMinimum bool;13 maxLength int64*;14 minLength int64*;15 pattern string;16 maxItems int64*;17 minItems int64*;18 uniqueItems bool;19 multipleOf double*;20 enum [].JSON =atomic;21 maxProperties int64*;22 minProperties int64*;23 required []string =atomic;24 items .JSONSchemaPropsOrArray*;25 allOf [].JSONSchemaProps =atomic;26 oneOf [].JSONSchemaProps =atomic;27 anyOf [].JSONSchemaProps =atomic;28 not .JSONSchemaProps*;29 properties {}.JSONSchemaProps;30 additionalProperties .JSONSchemaPropsOrBool*;31 patternProperties {}.JSONSchemaProps;32 dependencies {}.JSONSchemaPropsOrStringArray;33 additionalItems .JSONSchemaPropsOrBool*;34 definitions {}.JSONSchemaProps;35 externalDocs .ExternalDocumentation*;36 example .JSON*;37 nullable bool;38 x-kubernetes-preserve-unknown-fields bool*;39 x-kubernetes-embedded-resource bool;40 x-kubernetes-int-or-string bool;41 x-kubernetes-list-map-keys []string =atomic;42 x-kubernetes-list-type string*;43 x-kubernetes-map-type string*;44 x-kubernetes-validations [].ValidationRule +rule =map(rule)
apiextensions.v1.JSONSchemaPropsOrArray|1 schema .JSONSchemaProps*;2 jSONSchemas [].JSONSchemaProps
apiextensions.v1.JSONSchemaPropsOrBool|1 allows bool;2 schema .JSONSchemaProps*
apiextensions.v1.JSONSchemaPropsOrStringArray|1 schema .JSONSchemaProps*;2 property []string
apiextensions.v1.SelectableField|1 jsonPath string!
apiextensions.v1.ServiceReference|1 namespace string!;2 name string!;3 path string*;4 port int32*
apiextensions.v1.ValidationRule|1 rule string!;2 message string;3 messageExpression string;4 reason string*;5 fieldPath string;6 optionalOldSelf bool*
apiextensions.v1.WebhookClientConfig|1 service .ServiceReference*;2 caBundle bytes;3 url string*
apiextensions.v1.WebhookConversion|2 clientConfig .WebhookClientConfig*;3 conversionReviewVersions []string! =atomic
apiregistration.v1.APIService|1 metadata meta.v1.ObjectMeta;2 spec .APIServiceSpec;3 status .APIServiceStatus
apiregistration.v1.APIServiceCondition|1 type string!;2 status string!;3 lastTransitionTime meta.v1.Time;4 reason string;5 message string
apiregistration.v1.APIServiceList|1 metadata meta.v1.ListMeta;2 items [].APIService!
apiregistration.v1.APIServiceSpec|1 service .ServiceReference*;2 group string;3 version string;4 insecureSkipTLSVerify bool;5 caBundle bytes;7 groupPriorityMinimum int32!;8 versionPriority int32!
apiregistration.v1.APIServiceStatus|1 conditions [].APIServiceCondition +type =map(type)
apiregistration.v1.ServiceReference|1 namespace string;2 name string;3 port int32*
flowcontrol.v1.ExemptPriorityLevelConfiguration|1 nominalConcurrencyShares int32*;2 lendablePercent int32*
flowcontrol.v1.FlowDistinguisherMethod|1 type string!
flowcontrol.v1.FlowSchema|1 metadata meta.v1.ObjectMeta;2 spec .FlowSchemaSpec;3 status .FlowSchemaStatus
flowcontrol.v1.FlowSchemaCondition|1 type string;2 status string;3 lastTransitionTime meta.v1.Time;4 reason string;5 message string
flowcontrol.v1.FlowSchemaList|1 metadata meta.v1.ListMeta;2 items [].FlowSchema!
flowcontrol.v1.FlowSchemaSpec|1 priorityLevelConfiguration .PriorityLevelConfigurationReference!;2 matchingPrecedence int32!;3 distinguisherMethod .FlowDistinguisherMethod*;4 rules [].PolicyRulesWithSubjects =atomic
flowcontrol.v1.FlowSchemaStatus|1 conditions [].FlowSchemaCondition +type =map(type)
flowcontrol.v1.GroupSubject|1 name string!
flowcontrol.v1.LimitResponse|1 type string!;2 queuing .QueuingConfiguration*
flowcontrol.v1.LimitedPriorityLevelConfiguration|1 nominalConcurrencyShares int32*;2 limitResponse .LimitResponse;3 lendablePercent int32*;4 borrowingLimitPercent int32*
flowcontrol.v1.NonResourcePolicyRule|1 verbs []string! =set;6 nonResourceURLs []string! =set
flowcontrol.v1.PolicyRulesWithSubjects|1 subjects [].Subject! =atomic;2 resourceRules [].ResourcePolicyRule =atomic;3 nonResourceRules [].NonResourcePolicyRule =atomic
flowcontrol.v1.PriorityLevelConfiguration|1 metadata meta.v1.ObjectMeta;2 spec .PriorityLevelConfigurationSpec;3 status .PriorityLevelConfigurationStatus
flowcontrol.v1.PriorityLevelConfigurationCondition|1 type string;2 status string;3 lastTransitionTime meta.v1.Time;4 reason string;5 message string
flowcontrol.v1.PriorityLevelConfigurationList|1 metadata meta.v1.ListMeta;2 items [].PriorityLevelConfiguration!
flowcontrol.v1.PriorityLevelConfigurationReference|1 name string!
flowcontrol.v1.PriorityLevelConfigurationSpec|1 type string!;2 limited .LimitedPriorityLevelConfiguration*;3 exempt .ExemptPriorityLevelConfiguration*
flowcontrol.v1.PriorityLevelConfigurationStatus|1 conditions [].PriorityLevelConfigurationCondition +type =map(type)
flowcontrol.v1.QueuingConfiguration|1 queues int32!;2 handSize int32!;3 queueLengthLimit int32!
flowcontrol.v1.ResourcePolicyRule|1 verbs []string! =set;2 apiGroups []string! =set;3 resources []string! =set;4 clusterScope bool;5 namespaces []string =set
flowcontrol.v1.ServiceAccountSubject|1 namespace string!;2 name string!
flowcontrol.v1.Subject|1 kind string!;2 user .UserSubject*;3 group .GroupSubject*;4 serviceAccount .ServiceAccountSubject*
flowcontrol.v1.UserSubject|1 name string!
resource.v1.AllocatedDeviceStatus|1 driver string!;2 pool string!;3 device string!;4 conditions []meta.v1.Condition =map(type);5 data runtime.RawExtension*;6 networkData .NetworkDeviceData*;7 shareID string*
resource.v1.AllocationResult|1 devices .DeviceAllocationResult;3 nodeSelector core.v1.NodeSelector*;5 allocationTimestamp meta.v1.Time*
resource.v1.CELDeviceSelector|1 expression string!
resource.v1.CapacityRequestPolicy|1 default resource.Quantity*;3 validValues []resource.Quantity =atomic;4 validRange .CapacityRequestPolicyRange*
resource.v1.CapacityRequestPolicyRange|1 min resource.Quantity*!;2 max resource.Quantity*;3 step resource.Quantity*
resource.v1.CapacityRequirements|1 requests {}resource.Quantity
resource.v1.Counter|1 value resource.Quantity!
resource.v1.CounterSet|1 name string!;2 counters {}.Counter!
resource.v1.Device|1 name string!;2 attributes {}.DeviceAttribute;3 capacity {}.DeviceCapacity;4 consumesCounters [].DeviceCounterConsumption =atomic;5 nodeName string*;6 nodeSelector core.v1.NodeSelector*;7 allNodes bool*;8 taints [].DeviceTaint =atomic;9 bindsToNode bool*;10 bindingConditions []string =atomic;11 bindingFailureConditions []string =atomic;12 allowMultipleAllocations bool*
resource.v1.DeviceAllocationConfiguration|1 source string!;2 requests []string =atomic;3 deviceConfiguration .DeviceConfiguration^
resource.v1.DeviceAllocationResult|1 results [].DeviceRequestAllocationResult =atomic;2 config [].DeviceAllocationConfiguration =atomic
resource.v1.DeviceAttribute|2 int int64*;3 bool bool*;4 string string*;5 version string*
resource.v1.DeviceCapacity|1 value resource.Quantity!;2 requestPolicy .CapacityRequestPolicy*
resource.v1.DeviceClaim|1 requests [].DeviceRequest =atomic;2 constraints [].DeviceConstraint =atomic;3 config [].DeviceClaimConfiguration =atomic
resource.v1.DeviceClaimConfiguration|1 requests []string =atomic;2 deviceConfiguration .DeviceConfiguration^
resource.v1.DeviceClass|1 metadata meta.v1.ObjectMeta;2 spec .DeviceClassSpec!
resource.v1.DeviceClassConfiguration|1 deviceConfiguration .DeviceConfiguration^
resource.v1.DeviceClassList|1 metadata meta.v1.ListMeta;2 items [].DeviceClass!
resource.v1.DeviceClassSpec|1 selectors [].DeviceSelector =atomic;2 config [].DeviceClassConfiguration =atomic;4 extendedResourceName string*
resource.v1.DeviceConfiguration|1 opaque .OpaqueDeviceConfiguration*
resource.v1.DeviceConstraint|1 requests []string =atomic;2 matchAttribute string*;3 distinctAttribute string*
resource.v1.DeviceCounterConsumption|1 counterSet string!;2 counters {}.Counter!
resource.v1.DeviceRequest|1 name string!;2 exactly .ExactDeviceRequest*;3 firstAvailable [].DeviceSubRequest =atomic
resource.v1.DeviceRequestAllocationResult|1 request string!;2 driver string!;3 pool string!;4 device string!;5 adminAccess bool*;6 tolerations [].DeviceToleration =atomic;7 bindingConditions []string =atomic;8 bindingFailureConditions []string =atomic;9 shareID string*;10 consumedCapacity {}resource.Quantity
resource.v1.DeviceSelector|1 cel .CELDeviceSelector*
resource.v1.DeviceSubRequest|1 name string!;2 deviceClassName string!;3 selectors [].DeviceSelector =atomic;4 allocationMode string;5 count int64;6 tolerations [].DeviceToleration =atomic;7 capacity .CapacityRequirements*
resource.v1.DeviceTaint|1 key string!;2 value string;3 effect string!;4 timeAdded meta.v1.Time*
resource.v1.DeviceToleration|1 key string;2 operator string;3 value string;4 effect string;5 tolerationSeconds int64*
resource.v1.ExactDeviceRequest|1 deviceClassName string!;2 selectors [].DeviceSelector =atomic;3 allocationMode string;4 count int64;5 adminAccess bool*;6 tolerations [].DeviceToleration =atomic;7 capacity .CapacityRequirements*
resource.v1.NetworkDeviceData|1 interfaceName string;2 ips []string =atomic;3 hardwareAddress string
resource.v1.OpaqueDeviceConfiguration|1 driver string!;2 parameters runtime.RawExtension!
resource.v1.ResourceClaim|1 metadata meta.v1.ObjectMeta;2 spec .ResourceClaimSpec!;3 status .ResourceClaimStatus
resource.v1.ResourceClaimConsumerReference|1 apiGroup string;3 resource string!;4 name string!;5 uid string!
resource.v1.ResourceClaimList|1 metadata meta.v1.ListMeta;2 items [].ResourceClaim!
resource.v1.ResourceClaimSpec|1 devices .DeviceClaim
resource.v1.ResourceClaimStatus|1 allocation .AllocationResult*;2 reservedFor [].ResourceClaimConsumerReference +uid =map(uid);4 devices [].AllocatedDeviceStatus =map(driver,device,pool,shareID)
resource.v1.ResourceClaimTemplate|1 metadata meta.v1.ObjectMeta;2 spec .ResourceClaimTemplateSpec!
resource.v1.ResourceClaimTemplateList|1 metadata meta.v1.ListMeta;2 items [].ResourceClaimTemplate!
resource.v1.ResourceClaimTemplateSpec|1 metadata meta.v1.ObjectMeta;2 spec .ResourceClaimSpec!
resource.v1.ResourcePool|1 name string!;2 generation int64!;3 resourceSliceCount int64!
resource.v1.ResourceSlice|1 metadata meta.v1.ObjectMeta;2 spec .ResourceSliceSpec!
resource.v1.ResourceSliceList|1 metadata meta.v1.ListMeta;2 items [].ResourceSlice!
resource.v1.ResourceSliceSpec|1 driver string!;2 pool .ResourcePool!;3 nodeName string*;4 nodeSelector core.v1.NodeSelector*;5 allNodes bool*;6 devices [].Device =atomic;7 perDeviceNodeSelection bool*;8 sharedCounters [].CounterSet =atomic`;
