from error_tracking.views.external_references import ExternalReferenceViewSet
from error_tracking.views.fingerprints import FingerprintViewSet
from error_tracking.views.issues import IssueViewSet
from error_tracking.views.releases import ReleaseViewSet
from error_tracking.views.rules import (
    AssignmentRuleViewSet,
    BypassRuleViewSet,
    GroupingRuleViewSet,
    SeverityRuleViewSet,
    SuppressionRuleViewSet,
)
from error_tracking.views.settings import (
    RecommendationViewSet,
    SettingsViewSet,
    SpikeDetectionConfigViewSet,
    SpikeEventViewSet,
)
from error_tracking.views.stack_frames import StackFrameViewSet
from error_tracking.views.symbol_sets import SymbolSetViewSet
from posthog_clone.api.routers import Router

router = Router()
router.register("error_tracking/issues", IssueViewSet)
router.register("error_tracking/fingerprints", FingerprintViewSet)
router.register("error_tracking/stack_frames", StackFrameViewSet)
router.register("error_tracking/releases", ReleaseViewSet)
router.register("error_tracking/grouping_rules", GroupingRuleViewSet, "grouping_rule")
router.register("error_tracking/suppression_rules", SuppressionRuleViewSet, "suppression_rule")
router.register("error_tracking/assignment_rules", AssignmentRuleViewSet, "assignment_rule")
router.register("error_tracking/bypass_rules", BypassRuleViewSet, "bypass_rule")
router.register("error_tracking/severity_rules", SeverityRuleViewSet, "severity_rule")
router.register("error_tracking/symbol_sets", SymbolSetViewSet)
router.register("error_tracking/external_references", ExternalReferenceViewSet)
router.register("error_tracking/settings", SettingsViewSet)
router.register("error_tracking/spike_detection_config", SpikeDetectionConfigViewSet)
router.register("error_tracking/spike_events", SpikeEventViewSet)
router.register("error_tracking/recommendations", RecommendationViewSet, "recommendation")

urlpatterns = router.urls
