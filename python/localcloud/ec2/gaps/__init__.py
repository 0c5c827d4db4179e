"""What moto lacks of this service, closed at run time: each module names moto's file and what AWS documents."""
