"""Lists of resources for which no SDK is loaded, by Resource Manager's own client."""

from collections.abc import AsyncIterator
from typing import Any

from azure.core.async_paging import AsyncItemPaged, AsyncList
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError, map_error
from azure.core.rest import AsyncHttpResponse, HttpRequest
from azure.mgmt.core import AsyncARMPipelineClient
from azure.mgmt.core.exceptions import ARMErrorFormat

ERRORS = {401: ClientAuthenticationError, 404: ResourceNotFoundError}


class ArmLists:
    """Paged lists as the SDKs give them, each entry a plain JSON object.

    Source: Resource Manager pages by `nextLink`, which is absent or null on the last page.
    """

    def __init__(self, client: AsyncARMPipelineClient[HttpRequest, AsyncHttpResponse]) -> None:
        self._client = client

    def list(self, path: str, *, api_version: str, **options: Any) -> "AsyncItemPaged[dict[str, Any]]":
        """The list at `path`; `options` are the pipeline's."""

        async def page(link: str | None) -> AsyncHttpResponse:
            if link is None:
                request = HttpRequest("GET", self._client.format_url(path), params={"api-version": api_version})
            else:
                request = HttpRequest("GET", link)
            response = await self._client.send_request(request, **options)
            if response.status_code != 200:
                map_error(status_code=response.status_code, response=response, error_map=ERRORS)
                raise HttpResponseError(response=response, error_format=ARMErrorFormat)
            return response

        return AsyncItemPaged(page, _entries)


async def _entries(response: AsyncHttpResponse) -> tuple[str | None, AsyncIterator[dict[str, Any]]]:
    body = response.json()
    return body.get("nextLink") or None, AsyncList(body["value"])
