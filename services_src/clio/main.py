"""`uvicorn main:app --reload`: the connectomics store with the settings of the environment, for work on it."""

from karst_clio.main import application

app = application()
