"""Items as people see and change them: values, queries, masks, formats. Pure: nothing in here asks AWS."""
