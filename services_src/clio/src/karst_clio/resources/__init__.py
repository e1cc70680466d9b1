"""What the store holds, one module a resource. Each has `router(needs) -> APIRouter`."""
