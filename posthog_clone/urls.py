"""Every app's routes, each mounted once."""

urlpatterns = []
