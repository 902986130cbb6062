"""What a run becomes: tables, documents, FHIR resources and a page to look at."""
