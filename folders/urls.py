from folders.views import PersistedFolderViewSet
from posthog_clone.api.routers import Router

router = Router()
router.register("persisted_folder", PersistedFolderViewSet)

urlpatterns = router.urls
